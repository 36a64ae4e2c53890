import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BatchOrder } from '@eigenloom/datasets';
import { setBackend, tf } from '@eigenloom/engine';
import { CheckpointStore } from '../checkpoints/checkpoint-store.js';
import { gradientsOf } from '../gradients/take-gradients.js';
import { adamwRule } from '../optimizers/adamw.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { Loop, type LoopResult } from './loop.js';
import type { EvaluationPlan, LoopPlan } from './loop-plan.js';
import type { Evaluation, StepRecord } from './run-state.js';

let folder: string;
beforeAll(async () => {
  await setBackend('native');
  folder = await mkdtemp(join(tmpdir(), 'loop-'));
});
afterAll(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();
const store = (name: string): CheckpointStore =>
  new CheckpointStore(join(folder, name), { fingerprint: 'plan', inputs: {} });

/** Two players of one game, x·y + ½x² − ½y²: the first lowers it, the second raises it. A count of the steps lies beside them. */
function game(changes: Partial<LoopPlan> = {}): LoopPlan & { readonly count: () => number } {
  const [x, y] = [1, 2].map((start) => tf.tidy(() => tf.variable(tf.scalar(start), true)));
  const value = (): tf.Scalar =>
    tf.addN([tf.mul(x!, y!), tf.mul(tf.square(x!), 0.5), tf.mul(tf.square(y!), -0.5)]);
  const settings = { weightDecay: 0, maxGradientNorm: 0, seed: 1n };
  const player = (name: string, variable: tf.Variable, sign: number): LoopPlan['players'][0] => ({
    name,
    optimizer: new Optimizer(new Map([[name, variable]]), adamwRule(), settings),
    take: gradientsOf(() => ({ game: { value: value(), weight: sign } })),
    rate: () => 0.05,
  });
  let count = 0;
  return {
    players: [player('x', x!, 1), player('y', y!, -1)],
    totalSteps: 12,
    stepsPerEpoch: 5,
    afterStep: () => Promise.resolve(void (count += 1)),
    extra: {
      save: () => Promise.resolve(new Map([['count', { shape: [1], values: Int32Array.of(count) }]])),
      restore: (saved) => {
        count = Number(saved.get('count')?.values[0]);
      },
    },
    count: () => count,
    ...changes,
  };
}

const numbersOf = ({ parameters }: LoopResult): number[] =>
  [...parameters.values()].map(({ values }) => Number(values[0]));

/** Evaluations with given losses, in order. */
const evaluated = (losses: readonly number[], changes: object = {}): EvaluationPlan<Evaluation> => ({
  due: () => true,
  evaluate: (step) => Promise.resolve({ loss: losses[step - 1] ?? NaN, metrics: {} }),
  patience: 0,
  keepBest: false,
  ...changes,
});

test('players move in turns, with losses of their own, and a run that is stopped goes on bit for bit', async () => {
  const whole = await new Loop(game(), signal).run();
  expect(whole.state.steps.map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]);
  expect(Object.keys(whole.state.steps[0]!.losses!)).toEqual(['x.loss', 'y.loss']);
  expect(whole.keptStep).toBe(12);
  const [x, y] = numbersOf(whole);
  expect(Math.hypot(x!, y!)).toBeLessThan(Math.hypot(1, 2));

  const abort = new AbortController();
  const checkpoints = { store: store('game'), every: 4, fence: () => Promise.resolve() };
  const observer = {
    step: ({ step }: StepRecord): void => {
      if (step === 10) abort.abort();
    },
  };
  await expect(new Loop(game({ checkpoints, observer }), abort.signal).run()).rejects.toThrow(/abort/);
  const seen: number[] = [];
  const second = game({ checkpoints, observer: { step: ({ step }) => seen.push(step) } });
  const resumed = await new Loop(second, signal).run();
  expect(seen).toEqual([9, 10, 11, 12]);
  expect(second.count()).toBe(12);
  expect(resumed).toEqual(whole);
  // What is finished takes no step.
  expect(await new Loop(game({ checkpoints }), signal).run()).toEqual(whole);
});

test('the best parameters are kept, and patience ends a run', async () => {
  const losses = [3, 2, 4, 5, 1];
  const patient = await new Loop(
    game({ evaluation: evaluated(losses, { patience: 2, keepBest: true }) }),
    signal,
  ).run();
  expect(patient.state).toMatchObject({ step: 4, bestStep: 2, bestLoss: 2, finished: true });
  expect(patient.keptStep).toBe(2);
  expect(numbersOf(patient)).toEqual(numbersOf(await new Loop(game({ totalSteps: 2 }), signal).run()));
});

test('what is better, and where a run ends, may be decided otherwise', async () => {
  const plan = evaluated([1, 3, 2], {
    isBetter: ({ loss }: Evaluation) => loss >= 2,
    isEnd: ({ loss }: Evaluation) => loss === 2,
  });
  const { state } = await new Loop(game({ evaluation: plan }), signal).run();
  expect(state).toMatchObject({ step: 3, bestStep: 3 });
});

test('a run of no steps gives what it started from', async () => {
  const { state, parameters } = await new Loop(game({ totalSteps: 0 }), signal).run();
  expect(state.step).toBe(0);
  expect([...parameters.values()].map(({ values }) => values[0])).toEqual([1, 2]);
});

test('batches have each example once an epoch, from any batch on', () => {
  const lengths = Array.from({ length: 23 }, (_, i) => (i * 7) % 5);
  const options = { lengths, batchSize: 4, seed: 5n };
  const order = new BatchOrder(options);
  expect(order.perEpoch).toBe(6);
  const batches = Array.from({ length: 18 }, (_, i) => [...order.batch(i)]);
  for (const epoch of [0, 1, 2]) {
    const own = batches.slice(6 * epoch, 6 * (epoch + 1)).flat();
    expect(own.toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
  }
  expect(batches[0]).not.toEqual(batches[6]);
  for (const start of [17, 3, 9]) expect([...new BatchOrder(options).batch(start)]).toEqual(batches[start]);
});
