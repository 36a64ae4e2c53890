import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import type { PixelBatch } from '../batch.js';
import { classifierLogits, loadClassifierHead } from '../classifier-head.js';
import { EXAMPLE_KINDS } from '../examples/index.js';
import { meanCrossEntropy } from '../forward/losses.js';
import { pool } from '../forward/pooling.js';
import type { RowLayout } from '../forward/row-layout.js';
import { loadNetwork, type Network } from '../network.js';
import { largestDifference, openFolder } from '../testing/golden.js';

const VIT = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'vit');
const CLASSIFIER = join(VIT, 'classifier');

interface Golden {
  readonly classifier: {
    readonly pixels: number[];
    readonly labels: number[];
    readonly hidden: number[][][][];
    readonly logits: number[][];
    readonly loss: number;
    readonly gradients: Record<string, number[]>;
    readonly photo: number[];
    readonly idx: number[][];
  };
  readonly encoder: {
    readonly pixels: number[];
    readonly hidden: number[][][][];
    readonly pooled: number[][];
  };
}

// Expected values: tests/golden/vit/generate.py (transformers 5.23.0, torch 2.9.1, float32).
const golden = JSON.parse(readFileSync(join(VIT, 'expected.json'), 'utf8')) as Golden;
const flat = (values: unknown): number[] => [values].flat(Infinity) as number[];
const batchOf = (pixels: readonly number[], channels: number): PixelBatch => ({
  ...{ kind: 'pixels', values: Float32Array.from(pixels), size: pixels.length / (channels * 144) },
  ...{ channels, height: 12, width: 12 },
});
const layersOf = (network: Network, batch: PixelBatch): Float32Array[] => {
  const layers: Float32Array[] = [];
  tf.tidy(() => {
    network.encode(batch, {}, (h) => layers.push(h.dataSync<'float32'>().slice()));
  });
  return layers;
};

describe.each(['cpu', 'native'] as const)('ViT on %s', (backend) => {
  beforeAll(() => setBackend(backend));

  it('gives the hidden states and logits of transformers', async () => {
    const source = openFolder(CLASSIFIER);
    const network = await loadNetwork(source);
    const { head, classCount } = await loadClassifierHead(network, source);
    expect({ head, classCount }).toMatchObject({
      head: { module: 'classifier', native: true },
      classCount: 3,
    });
    const batch = batchOf(golden.classifier.pixels, 3);
    const layers = layersOf(network, batch);
    expect(layers).toHaveLength(3);
    layers.forEach((values, layer) => {
      expect(largestDifference(values, flat(golden.classifier.hidden[layer]))).toBeLessThan(1e-5);
    });
    const logits = tf.tidy(() => classifierLogits(network, head, batch).dataSync());
    expect(largestDifference(logits, flat(golden.classifier.logits))).toBeLessThan(1e-5);
    network.dispose();
  });

  it('has the gradients of torch', async () => {
    const source = openFolder(CLASSIFIER);
    const network = await loadNetwork(source);
    const { head } = await loadClassifierHead(network, source);
    const { pixels, labels, loss, gradients } = golden.classifier;
    const trained = Object.keys(gradients).map((name) => network.parameters.train(name));
    const { value, grads } = tf.variableGrads(
      () => meanCrossEntropy(classifierLogits(network, head, batchOf(pixels, 3)), Int32Array.from(labels)),
      trained,
    );
    expect(value.dataSync()[0]).toBeCloseTo(loss, 5);
    Object.values(gradients).forEach((expected, i) => {
      const own = grads[trained[i]!.name]!.dataSync();
      const largest = Math.max(...flat(expected).map(Math.abs));
      expect(largestDifference(own, flat(expected))).toBeLessThan(1e-4 * largest);
    });
    network.dispose();
  });

  it('is an encoder without a head, of one channel, without biases of queries, with a pooler', async () => {
    const network = await loadNetwork(openFolder(join(VIT, 'encoder')));
    const batch = batchOf(golden.encoder.pixels, 1);
    const layers = layersOf(network, batch);
    layers.forEach((values, layer) => {
      expect(largestDifference(values, flat(golden.encoder.hidden[layer]))).toBeLessThan(1e-5);
    });
    const layout: RowLayout = { size: 2, length: 10, lengths: Int32Array.of(10, 10) };
    const pooled = tf.tidy(() => {
      const first = pool(network.encode(batch), layout, 'first');
      return tf.tanh(network.pass().linear('pooler.dense', first)).dataSync();
    });
    expect(largestDifference(pooled, flat(golden.encoder.pooled))).toBeLessThan(1e-5);
    network.dispose();
  });

  it('gives the logits of transformers from a PNG and from an IDX file on', async () => {
    const source = openFolder(CLASSIFIER);
    const network = await loadNetwork(source);
    const { head } = await loadClassifierHead(network, source);
    const { signal } = new AbortController();
    const reader = await EXAMPLE_KINDS.pixels.open({ directory: CLASSIFIER, network, maxLength: 0 });
    const logitsOf = async (path: string): Promise<Float32Array> => {
      const data = { path, textField: 'text', labelField: 'label', limit: 0 };
      const set = await reader.read(data, 'data', { requireLabels: false, signal });
      const { examples } = await set.classified(new Map());
      const all = Int32Array.from(examples.labels, (_, i) => i);
      await examples.load?.(all);
      const logits = tf.tidy(() =>
        classifierLogits(network, head, examples.batch(all)).dataSync<'float32'>(),
      );
      await examples.close?.();
      return logits;
    };
    const shapes = await logitsOf(join(VIT, 'shapes-images-idx3-ubyte'));
    expect(largestDifference(shapes, flat(golden.classifier.idx))).toBeLessThan(1e-5);
    const folder = mkdtempSync(join(tmpdir(), 'vit-'));
    copyFileSync(join(VIT, '..', 'images', 'photo.png'), join(folder, 'photo.png'));
    const photo = await logitsOf(folder);
    expect(largestDifference(photo, golden.classifier.photo)).toBeLessThan(1e-5);
    rmSync(folder, { recursive: true });
    network.dispose();
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const network = await loadNetwork(openFolder(CLASSIFIER));
    layersOf(network, batchOf(golden.classifier.pixels, 3));
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what a ViT does not read', () => {
  beforeAll(() => setBackend('cpu'));

  it.each([
    [{ hidden_act: 'gelu_new' }, /hidden_act: "gelu_new" is not supported/],
    [{ patch_size: [4, 2] }, /patch_size: is \[4,2\]/],
    [{ num_attention_heads: 3 }, /does not divide hidden_size/],
    [{ patch_size: 13 }, /patch_size: is above image_size/],
  ])('is a config with %j', async (config, message) => {
    await expect(loadNetwork(openFolder(CLASSIFIER, config))).rejects.toThrow(message);
  });

  it('is images of another size, or texts', async () => {
    const network = await loadNetwork(openFolder(CLASSIFIER));
    const small = { ...batchOf(golden.classifier.pixels, 3), size: 1, height: 36 };
    expect(() => network.encode(small)).toThrow(/12 × 36 × 3, the model reads 12 × 12 × 3/);
    const text = {
      kind: 'tokens',
      ids: Int32Array.of(1),
      lengths: Int32Array.of(1),
      size: 1,
      length: 1,
    } as const;
    expect(() => network.encode(text)).toThrow(/reads pixels, the batch holds tokens/);
    network.dispose();
  });
});
