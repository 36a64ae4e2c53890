import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import { classifierLogits, loadClassifierHead } from './classifier-head.js';
import { meanCrossEntropy } from './forward/losses.js';
import { loadNetwork } from './network.js';
import { GOLDEN, largestDifference, openFolder, readGolden } from './testing/golden.js';
import { makeBatch } from './tokens/batch.js';

interface BertGolden {
  rows: number[][];
  labels: number[];
  loss: number;
  gradients: Record<string, number[][]>;
}

beforeAll(() => setBackend('cpu'));

describe('gradients of a BERT classifier', () => {
  // Expected values: tests/golden/models/generate.py (torch 2.9.1 autograd, float32).
  it('are those of torch', async () => {
    const golden = readGolden<BertGolden>('tiny-bert.json');
    const source = openFolder(join(GOLDEN, 'tiny-bert-classifier'));
    const network = await loadNetwork(source);
    const { head } = await loadClassifierHead(network, source);
    const batch = makeBatch(golden.rows, 0);
    const trained = Object.keys(golden.gradients).map((name) => network.parameters.train(name));
    const { value, grads } = tf.variableGrads(
      () => meanCrossEntropy(classifierLogits(network, head, batch), Int32Array.from(golden.labels)),
      trained,
    );
    expect(value.dataSync()[0]).toBeCloseTo(golden.loss, 5);
    Object.values(golden.gradients).forEach((expected, i) => {
      const own = grads[trained[i]!.name]!.dataSync();
      expect(largestDifference(own, expected.flat())).toBeLessThan(1e-5);
    });
    network.dispose();
  });
});
