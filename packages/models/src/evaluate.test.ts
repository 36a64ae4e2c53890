import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import { loadClassifierHead } from './classifier-head.js';
import { evaluateClassifier, evaluateLanguageModel } from './evaluate.js';
import type { AppliedAdapter } from './forward/adapter-hooks.js';
import { loadNetwork } from './network.js';
import { GOLDEN, openFolder, readGolden } from './testing/golden.js';
import { TextExamples } from './tokens/text-examples.js';

beforeAll(() => setBackend('cpu'));

describe('evaluateClassifier', () => {
  const golden = readGolden<{ rows: number[][]; labels: number[]; logits: number[][]; loss: number }>(
    'tiny-bert.json',
  );

  it('gives loss, accuracy and predictions in the order of the texts', async () => {
    const source = openFolder(join(GOLDEN, 'tiny-bert-classifier'));
    const network = await loadNetwork(source);
    const { head } = await loadClassifierHead(network, source);
    const rows = golden.rows.map((row, i) => ({ ids: Int32Array.from(row), label: golden.labels[i]! }));
    const texts = new TextExamples(rows, 0);
    const best = golden.logits.map((scores) => scores.indexOf(Math.max(...scores)));
    for (const batchSize of [1, 2, 8]) {
      const result = await evaluateClassifier(network, head, texts, { batchSize });
      expect(result.loss).toBeCloseTo(golden.loss, 5);
      expect(result.accuracy).toBeCloseTo(best.filter((b, i) => b === golden.labels[i]).length / 3, 10);
      expect(result.predictions.map(({ label }) => label)).toEqual(best);
      result.predictions.forEach(({ probabilities }) => {
        expect(probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
      });
    }
    network.dispose();
  });
});

describe('evaluateLanguageModel', () => {
  it('agrees with the loss of transformers, and an adapter changes it', async () => {
    const golden = readGolden<{ rows: number[][]; variants: { default: { loss: number } } }>(
      'tiny-llama.json',
    );
    const network = await loadNetwork(openFolder(join(GOLDEN, 'tiny-llama')));
    const rows = golden.rows.map((row) => ({ ids: Int32Array.from(row), label: -1 }));
    const texts = new TextExamples(rows, 0);
    const { loss } = await evaluateLanguageModel(network, texts, { batchSize: 2 });
    expect(loss).toBeCloseTo(golden.variants.default.loss, 4);
    const module = 'model.layers.0.mlp.down_proj';
    const a: tf.Tensor2D = tf.randomNormal([2, 48], 0, 1, 'float32', 1);
    const b: tf.Tensor2D = tf.randomNormal([32, 2], 0, 1, 'float32', 2);
    const adapter: AppliedAdapter = {
      linear: new Map([
        [
          module,
          (x, { y }): tf.Tensor2D =>
            tf.add(y, tf.matMul(tf.mul<tf.Tensor2D>(tf.matMul(x, a, false, true), 0.5), b, false, true)),
        ],
      ]),
    };
    const adapted = await evaluateLanguageModel(network, texts, { adapters: [adapter] });
    // The same with the pair folded into the weight.
    const weight = network.parameters.get(`${module}.weight`) as tf.Tensor2D;
    network.parameters.set(
      `${module}.weight`,
      tf.tidy(() => tf.add(weight, tf.mul(tf.matMul(b, a), 0.5))),
    );
    const folded = await evaluateLanguageModel(network, texts);
    expect(adapted.loss).toBeCloseTo(folded.loss, 5);
    expect(Math.abs(adapted.loss - loss)).toBeGreaterThan(1e-2);
    network.dispose();
  });
});
