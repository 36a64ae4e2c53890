import { BatchOrder } from '@eigenloom/datasets';
import {
  adamwRule,
  gradientsOf,
  Loop,
  type LoopObserver,
  Optimizer,
  scheduleFactor,
  type TakeGradients,
} from '@eigenloom/training';
import type { Learner } from './learner.js';
import { drawProjection } from './projections.js';
import type { DimensionRun, Setting } from './setting.js';
import { type FlatWeights, Subspace } from './subspace.js';

/** A learner, and where each run starts from. */
export interface Ground {
  readonly learner: Learner;
  readonly weights: FlatWeights;
  /** θ₀. */
  readonly start: Float32Array;
}

/** Global norm at which gradients of all weights are clipped; a subspace sees a share of them, and is not. */
const MAX_NORM = 1;

export interface RunOptions {
  readonly seed: bigint;
  readonly signal: AbortSignal;
  readonly step: NonNullable<LoopObserver<never>['step']>;
}

/** Trains all weights from θ₀, or d numbers where `dimensions` says so, and evaluates where they end. Errors: those of the loop, CANCELLED. */
export async function trainRun(
  { learner, weights, start }: Ground,
  setting: Setting,
  dimensions: number | undefined,
  { seed, signal, step }: RunOptions,
): Promise<DimensionRun> {
  weights.write(start);
  const { structureAware, learningRate, steps, batchSize } = setting;
  const order = new BatchOrder({ lengths: learner.lengths, batchSize, seed });
  const ofWeights = gradientsOf((at) => learner.losses(order.batch(at - 1), at));
  const subspace = dimensions === undefined ? undefined : await makeSubspace(dimensions);
  const trained = subspace?.trained ?? learner.weights;
  const take: TakeGradients = subspace?.gradients(ofWeights) ?? ofWeights;
  const peak = dimensions === undefined ? learningRate : learningRate * Math.sqrt(weights.size / dimensions);
  const optimizer = new Optimizer(trained, adamwRule(), {
    weightDecay: 0,
    maxGradientNorm: subspace === undefined ? MAX_NORM : 0,
    seed,
  });
  try {
    const rate = (at: number): number =>
      peak * scheduleFactor({ kind: 'linear', warmupSteps: 0 }, at - 1, steps);
    const player = { name: 'loss', optimizer, take, rate };
    const plan = { players: [player] as const, totalSteps: steps, stepsPerEpoch: order.perEpoch };
    await new Loop({ ...plan, isKept: () => false, observer: { step } }, signal).run();
    await subspace?.place();
    const { loss, metrics } = await learner.evaluate();
    return { dimensions, accuracy: metrics['accuracy'] ?? NaN, loss, learningRate: peak };
  } finally {
    optimizer.dispose();
    subspace?.dispose();
  }

  async function makeSubspace(d: number): Promise<Subspace> {
    const columns = structureAware ? d - weights.layers : d;
    const size = { seed, columns, rows: weights.size };
    const where = `${setting.field}.projection`;
    const projection = await drawProjection(setting.projection, size, where, { signal });
    return new Subspace(weights, start, projection, { columns, structureAware }, signal);
  }
}
