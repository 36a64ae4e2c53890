import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import { classifierHead, classifierLogits, loadClassifierHead } from './classifier-head.js';
import { meanCrossEntropy } from './forward/losses.js';
import { pool } from './forward/pooling.js';
import { loadNetwork, nextTokens } from './network.js';
import { GOLDEN, largestDifference, MINILM, openFolder, readGolden } from './testing/golden.js';
import { makeBatch } from './tokens/batch.js';

interface MiniLmGolden {
  ids: number[][];
  batch: number[];
  first_token_by_layer: number[][][];
  last_hidden: number[][][];
  mean: number[][];
}
interface BertGolden {
  rows: number[][];
  logits: number[][];
  hidden: number[][][][];
}
interface LlamaGolden {
  rows: number[][];
  variants: Record<
    string,
    { config: Record<string, unknown>; loss: number; last_hidden: number[][]; last_logits: number[][] }
  >;
  score: { weight: number[][]; logits: number[][] };
}

beforeAll(() => setBackend('cpu'));

// Expected values: tests/golden/models/generate.py (transformers 5.23.0, torch 2.9.1, float32).
describe('BERT', () => {
  const golden = readGolden<BertGolden>('tiny-bert.json');
  const folder = join(GOLDEN, 'tiny-bert-classifier');

  it('gives the hidden states and logits of transformers', async () => {
    const source = openFolder(folder);
    const network = await loadNetwork(source);
    const { head, classCount } = await loadClassifierHead(network, source);
    expect({ head, classCount }).toMatchObject({
      head: { module: 'classifier', native: true },
      classCount: 3,
    });
    const batch = makeBatch(golden.rows, 0);
    const layers: Float32Array[] = [];
    tf.tidy(() => network.encode(batch, {}, (h) => layers.push(h.dataSync() as Float32Array)));
    layers.forEach((values, layer) => {
      golden.rows.forEach((row, i) => {
        const own = values.subarray(i * batch.length * 16, (i * batch.length + row.length) * 16);
        const expected = golden.hidden[layer]?.[i]?.slice(0, row.length).flat() ?? [];
        expect(largestDifference(own, expected)).toBeLessThan(1e-5);
      });
    });
    const logits = tf.tidy(() => classifierLogits(network, head, batch).dataSync());
    expect(largestDifference(logits, golden.logits.flat())).toBeLessThan(1e-5);
    network.dispose();
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const network = await loadNetwork(openFolder(folder));
    tf.tidy(() => {
      network.encode(makeBatch(golden.rows, 0));
    });
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses texts longer than its positions and ids outside its vocabulary', async () => {
    const network = await loadNetwork(openFolder(folder));
    expect(() => network.encode(makeBatch([new Array<number>(33).fill(1)], 0))).toThrow(
      /33 tokens.*32 positions/,
    );
    expect(() => network.encode(makeBatch([[64]], 0))).toThrow(/token id 64/);
    network.dispose();
  });
});

describe('MiniLM', () => {
  it('gives the hidden states and mean-pooled embeddings of transformers', async () => {
    if (!existsSync(MINILM)) throw new Error('node scripts/models.mjs fetches the model');
    const golden = readGolden<MiniLmGolden>('minilm.json');
    const rows = golden.batch.map((i) => golden.ids[i]!);
    const network = await loadNetwork(openFolder(MINILM));
    const batch = makeBatch(rows, network.config.padTokenId);
    const every24th = (values: ArrayLike<number>): number[] =>
      Array.from(values).filter((_, i) => i % 24 === 0);
    const firsts: Float32Array[] = [];
    const { last, mean } = tf.tidy(() => {
      const hidden = network.encode(batch, {}, (h) =>
        firsts.push(pool(h, batch, 'first').dataSync() as Float32Array),
      );
      return { last: hidden.dataSync(), mean: pool(hidden, batch, 'mean').dataSync() };
    });
    expect(largestDifference(mean, golden.mean.flat())).toBeLessThan(1e-4);
    firsts.forEach((values, layer) => {
      expect(largestDifference(every24th(values), golden.first_token_by_layer[layer]!.flat())).toBeLessThan(
        1e-4,
      );
    });
    rows.forEach((row, i) => {
      const from = i * batch.length * 384;
      const own = every24th(last.subarray(from, from + row.length * 384));
      expect(largestDifference(own, golden.last_hidden[i]!.slice(0, row.length).flat())).toBeLessThan(1e-4);
    });
    network.dispose();
  });
});

describe('Llama', () => {
  const golden = readGolden<LlamaGolden>('tiny-llama.json');
  const folder = join(GOLDEN, 'tiny-llama');

  it.each(Object.entries(golden.variants))('agrees with transformers: rope %s', async (_, variant) => {
    const network = await loadNetwork(openFolder(folder, variant.config));
    const batch = makeBatch(golden.rows, 0);
    tf.tidy(() => {
      const hidden = pool(network.encode(batch), batch, 'last');
      expect(largestDifference(hidden.dataSync(), variant.last_hidden.flat())).toBeLessThan(2e-5);
      const logits = pool(network.languageLogits(batch), batch, 'last');
      expect(largestDifference(logits.dataSync(), variant.last_logits.flat())).toBeLessThan(5e-5);
      const loss = meanCrossEntropy(network.languageLogits(batch), nextTokens(batch));
      expect(loss.dataSync()[0]).toBeCloseTo(variant.loss, 4);
    });
    network.dispose();
  });

  it('has the head of LlamaForSequenceClassification', async () => {
    const network = await loadNetwork(openFolder(folder));
    const head = classifierHead(network.family, 'last');
    network.parameters.set('score.weight', tf.tensor2d(golden.score.weight));
    const logits = tf.tidy(() => classifierLogits(network, head, makeBatch(golden.rows, 0)).dataSync());
    expect(largestDifference(logits, golden.score.logits.flat())).toBeLessThan(2e-5);
    network.dispose();
  });

  it('reads rope_parameters as transformers 5 writes them, and refuses kinds it does not have', async () => {
    const variant = golden.variants['llama3']!;
    const { rope_theta, rope_scaling } = variant.config as { rope_theta: number; rope_scaling: object };
    const network = await loadNetwork(
      openFolder(folder, { rope_parameters: { ...rope_scaling, rope_theta } }),
    );
    const batch = makeBatch(golden.rows, 0);
    const own = tf.tidy(() => pool(network.encode(batch), batch, 'last').dataSync());
    expect(largestDifference(own, variant.last_hidden.flat())).toBeLessThan(2e-5);
    network.dispose();
    await expect(
      loadNetwork(openFolder(folder, { rope_scaling: { type: 'yarn', factor: 2 } })),
    ).rejects.toThrow(/"yarn" is not supported/);
  });
});

describe('what has no forward pass', () => {
  it('is refused by its name', async () => {
    const source = openFolder(join(GOLDEN, 'tiny-llama'), {
      model_type: 'mamba',
      architectures: ['MambaForCausalLM'],
    });
    await expect(loadNetwork(source)).rejects.toMatchObject({
      kind: 'INCOMPATIBLE',
      reason: 'UNSUPPORTED_ARCHITECTURE',
      message: expect.stringMatching(/"mamba".*MambaForCausalLM/) as string,
    });
  });

  it('is refused when tensors are missing, misshapen or not finite', async () => {
    const source = openFolder(join(GOLDEN, 'tiny-llama'));
    const tensors = new Map(source.tensors);
    tensors.delete('model.layers.1.mlp.up_proj.weight');
    await expect(loadNetwork({ ...source, tensors })).rejects.toThrow(
      /no tensor model.layers.1.mlp.up_proj.weight/,
    );
    await expect(
      loadNetwork({ ...source, config: { ...source.config, intermediate_size: 40 } }),
    ).rejects.toThrow(/gate_proj.weight has shape \[48, 32\].*\[40, 32\]/);
    const read = async (name: string): Promise<Float32Array> => {
      const values = await source.read(name, 'f32');
      if (name.endsWith('0.mlp.up_proj.weight')) values[5] = NaN;
      return values;
    };
    await expect(loadNetwork({ ...source, read })).rejects.toThrow(
      /0.mlp.up_proj.weight has values that are not finite/,
    );
  });
});
