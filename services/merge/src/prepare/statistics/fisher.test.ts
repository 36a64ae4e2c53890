import { readFileSync } from 'node:fs';

import { openModel } from '@eigenloom/checkpoint';
import { setBackend, tf } from '@eigenloom/engine';
import {
  type ClassifierHead,
  type Network,
  captureLinearInputs,
  classifierLogits,
  loadClassifierHead,
  loadNetwork,
  makeBatch,
} from '@eigenloom/models';

import { modelsGolden, statisticsGolden } from '../../testing/job-context.js';
import { fisherDiagonal } from './fisher.js';
import { type Likelihood, classLikelihood, languageLikelihood } from './likelihood.js';

interface Golden {
  bert: { rows: number[][]; fisher: Record<string, number[]> };
  llama: { rows: number[][]; labels: number[][]; fisher: Record<string, number[]> };
}
// Made by tests/golden/statistics/generate.py: torch, float64, one text and one label at a time.
const golden = JSON.parse(readFileSync(statisticsGolden('statistics.json'), 'utf8')) as Golden;
const rowsOf = (rows: number[][]): Int32Array[] => rows.map((row) => Int32Array.from(row));
const texts = rowsOf(golden.bert.rows);

beforeAll(() => setBackend('native'));

async function classifier(): Promise<{ network: Network; head: ClassifierHead }> {
  const model = await openModel(modelsGolden('tiny-bert-classifier'));
  const network = await loadNetwork(model);
  return { network, head: (await loadClassifierHead(network, model)).head };
}
const language = async (): Promise<Network> => loadNetwork(await openModel(modelsGolden('tiny-llama')));

function fisherOf(
  network: Network,
  likelihood: Likelihood,
  rows: readonly Int32Array[],
  signal = new AbortController().signal,
): Map<string, Float32Array> {
  const tensors = fisherDiagonal(network, likelihood, rows, { signal, onText: () => undefined });
  return new Map([...tensors].map(({ name, values }) => [name, values]));
}

/** Largest difference over the largest expected value. */
function relative(own: Float32Array | undefined, expected: readonly number[]): number {
  expect(own).toHaveLength(expected.length);
  const peak = Math.max(...expected);
  expect(peak).toBeGreaterThan(0);
  return Math.max(...expected.map((value, i) => Math.abs((own?.[i] ?? NaN) - value))) / peak;
}

describe('Fisher information of a classifier', () => {
  it("is torch's, in layers, norms, biases and the head", async () => {
    const { network, head } = await classifier();
    const before = tf.memory().numTensors;
    const fisher = fisherOf(network, classLikelihood(network, head, 'exact', 0n), texts);
    expect(tf.memory().numTensors).toBe(before);
    for (const [name, expected] of Object.entries(golden.bert.fisher)) {
      // Gradients in f32 through two layers, squared.
      expect(relative(fisher.get(name), expected)).toBeLessThan(1e-5);
    }
    network.dispose();
  });

  it('in the last layer is p(1 − p)·h², by hand', async () => {
    const { network, head } = await classifier();
    const fisher = fisherOf(network, classLikelihood(network, head, 'exact', 0n), texts);
    const expected = new Float64Array(3 * 16);
    const ofBias = new Float64Array(3);
    for (const ids of texts) {
      const batch = makeBatch([ids], 0);
      let h = new Float32Array(0) as Float32Array;
      captureLinearInputs(
        network,
        batch,
        ({ modules, values }) => (modules[0] === 'classifier' ? (h = values) : 0),
        {
          head,
        },
      );
      const scores = tf.tidy(() => classifierLogits(network, head, batch).dataSync());
      const powers = Array.from(scores, (score) => Math.exp(score));
      const sum = powers.reduce((a, b) => a + b);
      powers.forEach((power, k) => {
        const variance = (power / sum) * (1 - power / sum);
        ofBias[k]! += variance / texts.length;
        h.forEach((value, j) => (expected[16 * k + j]! += (variance * value ** 2) / texts.length));
      });
    }
    expect(relative(fisher.get('classifier.weight'), [...expected])).toBeLessThan(1e-5);
    expect(relative(fisher.get('classifier.bias'), [...ofBias])).toBeLessThan(1e-5);
    network.dispose();
  });

  it('by draws tends to the exact one and is the same for one seed', async () => {
    const { network, head } = await classifier();
    const many = Array.from({ length: 400 }, () => texts[0]!);
    const exact = fisherOf(network, classLikelihood(network, head, 'exact', 0n), [texts[0]!]);
    const drawn = fisherOf(network, classLikelihood(network, head, 'sampled', 3n), many);
    const bias = [...exact.get('classifier.bias')!];
    drawn.get('classifier.bias')!.forEach((value, k) => {
      // (δ − p)² has the mean F = p(1 − p) and the variance F(1 − 4F); five standard deviations of the mean.
      const F = bias[k]!;
      expect(Math.abs(value - F)).toBeLessThan(5 * Math.sqrt((F * (1 - 4 * F)) / many.length));
    });
    const again = fisherOf(network, classLikelihood(network, head, 'sampled', 3n), many.slice(0, 20));
    const same = fisherOf(network, classLikelihood(network, head, 'sampled', 3n), many.slice(0, 20));
    const other = fisherOf(network, classLikelihood(network, head, 'sampled', 4n), many.slice(0, 20));
    expect(again.get('classifier.bias')).toEqual(same.get('classifier.bias'));
    expect(again.get('classifier.bias')).not.toEqual(other.get('classifier.bias'));
    network.dispose();
  });
});

describe('Fisher information of a language model', () => {
  it("is torch's for given labels", async () => {
    const network = await language();
    const own = languageLikelihood(network, 0n);
    const likelihood = {
      ...own,
      draws: (_: unknown, index: number) => [
        { labels: Int32Array.from(golden.llama.labels[index]!), weight: 1 },
      ],
    };
    const fisher = fisherOf(network, likelihood, rowsOf(golden.llama.rows));
    for (const [name, expected] of Object.entries(golden.llama.fisher)) {
      expect(relative(fisher.get(name), expected)).toBeLessThan(1e-5);
    }
    expect([...fisher.keys()].sort()).toEqual([...network.parameters.names].sort());
    network.dispose();
  });

  it('draws a label for each token that has one after it, as often as the model says', async () => {
    const network = await language();
    const batch = makeBatch([Int32Array.of(1, 5, 9)], 0);
    const likelihood = languageLikelihood(network, 0n);
    const first = tf.tidy(() => tf.softmax(likelihood.scores(batch)).dataSync());
    const counts = new Float64Array(64);
    const draws = 2000;
    for (let seed = 0; seed < draws; seed += 1) {
      const [only] = languageLikelihood(network, BigInt(seed)).draws(batch, 0);
      expect(only!.labels[2]).toBe(-1);
      counts[only!.labels[0]!]! += 1;
    }
    counts.forEach((count, label) => {
      const p = first[label]!;
      // Five standard deviations.
      expect(Math.abs(count / draws - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / draws) + 1e-3);
    });
    network.dispose();
  });

  it('does not exist where no text has a second token', async () => {
    const network = await language();
    const one = [Int32Array.of(4)];
    expect(() => fisherOf(network, languageLikelihood(network, 0n), one)).toThrow(
      expect.objectContaining({ reason: 'TOO_LITTLE_DATA' }) as Error,
    );
    network.dispose();
  });
});

test('a computation that is cancelled stops', async () => {
  const { network, head } = await classifier();
  const controller = new AbortController();
  controller.abort();
  const likelihood = classLikelihood(network, head, 'exact', 0n);
  expect(() => fisherOf(network, likelihood, texts, controller.signal)).toThrow(
    expect.objectContaining({ name: 'AbortError' }) as Error,
  );
  network.dispose();
});
