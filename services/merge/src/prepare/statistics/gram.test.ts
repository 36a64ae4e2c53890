import { openModel } from '@eigenloom/checkpoint';
import { setBackend } from '@eigenloom/engine';
import {
  type ClassifierHead,
  type Network,
  captureLinearInputs,
  loadClassifierHead,
  loadNetwork,
  makeBatch,
} from '@eigenloom/models';

import { modelsGolden } from '../../testing/job-context.js';
import { gramMatrices } from './gram.js';

beforeAll(() => setBackend('native'));

const rows = [
  [2, 5, 9, 33, 60, 3],
  [2, 7, 8, 3],
  [2, 41, 3],
  [2, 3],
].map((row) => Int32Array.from(row));
const batches = [makeBatch(rows.slice(0, 3), 0), makeBatch(rows.slice(3), 0)];

async function open(name: string): Promise<{ network: Network; head: ClassifierHead | undefined }> {
  const model = await openModel(modelsGolden(name));
  const network = await loadNetwork(model);
  const head = name.includes('classifier') ? (await loadClassifierHead(network, model)).head : undefined;
  return { network, head };
}

function gramsOf(
  network: Network,
  head: ClassifierHead | undefined,
  maxSumBytes?: number,
): Map<string, Float32Array> {
  const { signal } = new AbortController();
  const hooks = { signal, onBatch: () => undefined, ...(maxSumBytes === undefined ? {} : { maxSumBytes }) };
  return new Map([...gramMatrices(network, head, batches, hooks)].map(({ name, values }) => [name, values]));
}

/** XᵀX / n in f64, each text by itself, so that no text has padding. */
function direct(network: Network, head: ClassifierHead | undefined): Map<string, Float64Array> {
  const sums = new Map<string, { sum: Float64Array; rows: number }>();
  for (const row of rows) {
    const onInput = ({
      modules,
      values,
      tokens,
      width,
    }: Parameters<Parameters<typeof captureLinearInputs>[2]>[0]): void => {
      const name = `${modules[0]!}.weight`;
      const entry = sums.get(name) ?? { sum: new Float64Array(width * width), rows: 0 };
      for (let t = 0; t < tokens; t += 1)
        for (let i = 0; i < width; i += 1)
          for (let j = 0; j < width; j += 1)
            entry.sum[i * width + j]! += values[t * width + i]! * values[t * width + j]!;
      sums.set(name, { ...entry, rows: entry.rows + tokens });
    };
    captureLinearInputs(network, makeBatch([row], 0), onInput, { head });
  }
  return new Map([...sums].map(([name, { sum, rows: n }]) => [name, sum.map((value) => value / n)]));
}

test.each(['tiny-bert-classifier', 'tiny-llama'])(
  'Gram matrices of %s are XᵀX / n of the tokens',
  async (name) => {
    const { network, head } = await open(name);
    const grams = gramsOf(network, head);
    const expected = direct(network, head);
    expect([...grams.keys()]).toEqual([...expected.keys()]);
    for (const [weight, values] of expected) {
      const own = grams.get(weight)!;
      const peak = Math.max(...values);
      const worst = Math.max(...values.map((value, i) => Math.abs(own[i]! - value)));
      expect(worst / peak).toBeLessThan(2e-6);
    }
    network.dispose();
  },
);

test('a head is among them, with one row for each text', async () => {
  const { network, head } = await open('tiny-bert-classifier');
  expect([...gramsOf(network, head).keys()].slice(-2)).toEqual([
    'bert.pooler.dense.weight',
    'classifier.weight',
  ]);
  network.dispose();
});

test('what does not fit in memory takes more passes and is the same', async () => {
  const { network, head } = await open('tiny-bert-classifier');
  const once = gramsOf(network, head);
  let last = 0;
  const { signal } = new AbortController();
  const onBatch = (fraction: number): void => {
    expect(fraction).toBeGreaterThan(last);
    last = fraction;
  };
  const tensors = [...gramMatrices(network, head, batches, { signal, onBatch, maxSumBytes: 3000 })];
  expect(last).toBe(1);
  expect(tensors.map(({ name }) => name)).toEqual([...once.keys()]);
  for (const { name, values } of tensors) expect(values).toEqual(once.get(name));
  network.dispose();
});
