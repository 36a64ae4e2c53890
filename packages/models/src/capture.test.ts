import { join } from 'node:path';
import { setBackend, tf } from '@eigenloom/engine';
import { captureLinearInputs, type LinearInput } from './capture.js';
import { loadNetwork } from './network.js';
import { GOLDEN, largestDifference, openFolder } from './testing/golden.js';
import { makeBatch } from './tokens/batch.js';

beforeAll(() => setBackend('cpu'));

const rows = [
  [5, 9, 33, 60],
  [7, 8],
];

describe.each(['tiny-bert-classifier', 'tiny-llama'])('captureLinearInputs of %s', (name) => {
  it('gives every group once, tokens only, and the same as the texts alone', async () => {
    const network = await loadNetwork(openFolder(join(GOLDEN, name)));
    const capture = (texts: number[][]): LinearInput[] => {
      const inputs: LinearInput[] = [];
      captureLinearInputs(network, makeBatch(texts, 0), (input) => inputs.push(input));
      return inputs;
    };
    const before = tf.memory().numTensors;
    const together = capture(rows);
    expect(tf.memory().numTensors).toBe(before);
    expect(together.map(({ modules }) => modules)).toEqual(
      network.linearGroups.map(({ modules }) => modules),
    );
    expect(together.map(({ width }) => width)).toEqual(
      network.linearGroups.map(({ inputSize }) => inputSize),
    );
    const alone = rows.map((row) => capture([row]));
    together.forEach(({ values, tokens }, group) => {
      expect(tokens).toBe(6);
      const expected = alone.flatMap((inputs) => Array.from(inputs[group]!.values));
      expect(largestDifference(values, expected)).toBeLessThan(1e-5);
    });
    network.dispose();
  });
});
