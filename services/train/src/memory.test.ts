import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { train } from '@eigenloom/contracts';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  TINY_LLAMA,
  writeExamples,
  writeTinyAdapter,
} from './testing/tiny-runs.js';
import { trainKind } from './kind.js';

const BERT_MODULES = [0, 1].flatMap((i) =>
  ['query', 'value'].map((name) => `bert.encoder.layer.${i}.attention.self.${name}`),
);
const LLAMA_MODULES = ['q_proj', 'down_proj'].map((name, i) =>
  i === 0 ? `model.layers.0.self_attn.${name}` : `model.layers.1.mlp.${name}`,
);

let folder: string;
let bert: (name: string, changes?: object) => train.TrainRequest;
let llama: (name: string, changes?: object) => train.TrainRequest;
beforeAll(async () => {
  folder = await newFolder();
  const data = { uri: await writeExamples(folder, 'train.jsonl', 40) };
  const common = {
    ...{ seed: '7', trainData: data, batching: { batchSize: 8, maxLength: 32 } },
    ...{ optimizer: { learningRate: 0.02 }, maxSteps: 6, checkpointSteps: 100 },
  };
  const [onBert, onLlama] = [await newFolder(), await newFolder()];
  const bertAdapter = await writeTinyAdapter(onBert, TINY_BERT, BERT_MODULES);
  const llamaAdapter = await writeTinyAdapter(onLlama, TINY_LLAMA, LLAMA_MODULES);
  bert = (name, changes = {}) =>
    requestOf({
      ...{ ...common, outputUri: join(folder, name), model: { uri: TINY_BERT } },
      ...{ adapter: { uri: bertAdapter, dropout: 0.1 }, sequenceClassification: {}, ...changes },
    });
  llama = (name, changes = {}) =>
    requestOf({
      ...{ ...common, outputUri: join(folder, name), model: { uri: TINY_LLAMA } },
      ...{ adapter: { uri: llamaAdapter }, causalLanguageModeling: {}, ...changes },
    });
});
afterAll(() => rm(folder, { recursive: true }));

async function run(request: train.TrainRequest): Promise<Record<string, string>> {
  await trainKind.run(request, contextIn(await mkdtemp(join(folder, 'scratch-'))));
  const names = (await readdir(request.outputUri)).filter((name) => name.endsWith('.safetensors')).sort();
  const bytes = await Promise.all(names.map((name) => readFile(join(request.outputUri, name), 'base64')));
  return Object.fromEntries(names.map((name, i) => [name, bytes[i] ?? '']));
}

describe('activation checkpointing', () => {
  it.each([
    ['an adapter with dropout', () => bert, {}],
    ['every weight', () => bert, { adapter: undefined, full: {} }],
    ['an adapter of a decoder', () => llama, {}],
    ['gradients one by one', () => bert, { optimizer: { galore: { rank: 2 }, maxGradientNorm: 0 } }],
  ])('trains the same weights: %s', async (name, of, changes) => {
    const request = of();
    const plain = await run(request(`plain ${name}`, changes));
    expect(Object.keys(plain).length).toBeGreaterThan(0);
    expect(await run(request(`again ${name}`, { ...changes, activationCheckpointing: true }))).toEqual(plain);
  });

  it('lowers the estimate of memory', async () => {
    const long = { batching: { batchSize: 64, maxLength: 32 } };
    const memory = async (changes: object): Promise<number> =>
      Number(
        (await trainKind.estimate(bert('none', { ...long, ...changes }), contextIn(folder))).memoryBytes,
      );
    expect(await memory({ activationCheckpointing: true })).toBeLessThan(await memory({}));
  });
});

describe('frozen weights', () => {
  it('in bfloat16 and in four bits train an adapter whose losses stay near', async () => {
    const losses = async (name: string, changes: object): Promise<readonly number[]> => {
      await run(llama(name, changes));
      return (await runReport(join(folder, name))).losses;
    };
    const exact = await losses('f32', {});
    for (const [format, most] of [
      ['BF16', 0.01],
      ['NF4', 0.1],
    ] as const) {
      const held = await losses(format, { frozenWeights: `FROZEN_WEIGHTS_${format}` });
      expect(held).not.toEqual(exact);
      held.forEach((loss, i) => {
        expect(Math.abs(loss - (exact[i] ?? NaN))).toBeLessThan(most * (exact[i] ?? NaN));
      });
      const card = await readFile(join(folder, format, 'README.md'), 'utf8');
      expect(card).toContain(`| Frozen weights | held in ${format.toLowerCase()} |`);
    }
  });

  it('lower the estimate of memory', async () => {
    const memory = async (frozenWeights: string): Promise<number> =>
      Number((await trainKind.estimate(llama('none', { frozenWeights }), contextIn(folder))).memoryBytes);
    const [f32, bf16, nf4] = [
      await memory('FROZEN_WEIGHTS_F32'),
      await memory('FROZEN_WEIGHTS_BF16'),
      await memory('FROZEN_WEIGHTS_NF4'),
    ];
    expect(bf16).toBeLessThan(f32);
    expect(nf4).toBeLessThan(bf16);
  });

  it.each([
    [{ backend: 'BACKEND_TENSORFLOW' }, 'frozen_weights: backend tensorflow holds weights in f32'],
    [{ adapter: undefined, full: {} }, 'frozen_weights: every weight is trained'],
  ])('are refused where they make no sense: %j', async (changes, message) => {
    const request = bert('refused', { frozenWeights: 'FROZEN_WEIGHTS_NF4', ...changes });
    await expect(trainKind.validate(request, contextIn(folder))).rejects.toMatchObject({
      message: expect.stringContaining(message) as string,
    });
  });
});
