import {
  type CallOptions,
  type Matrix,
  MergeJob,
  type SingularVectors,
  foldLowRank,
  randomizedSvd,
  svd,
} from '@eigenloom/numeric';

import type { MergedPair } from '../adapters/steps/adapter-method.js';
import { chooseRank } from '../adapters/steps/choose-rank.js';
import { balancedFactors, transpose } from '../adapters/steps/product-svd.js';
import { nonFiniteInput } from './find-changes.js';
import { type ExtractPlan, type ExtractTarget, sourcesOf } from './planned.js';
import { sumOfSquares } from './sum-of-squares.js';

/** With fewer triplets than this share of the smaller side the randomised decomposition is several times faster. */
const RANDOMIZED_BELOW = 1 / 4;
/** Below it the full decomposition takes less than a second. */
const RANDOMIZED_FROM = 512;
/** As the paper recommends for spectra that fall slowly: Halko, Martinsson and Tropp, arXiv:0909.4061. */
const OVERSAMPLING = 10;
const POWER_ITERATIONS = 4;

/** A decomposed difference. */
export interface Extracted extends MergedPair {
  /** (rank, in). */
  readonly a: Float32Array;
  /** (out, rank). */
  readonly b: Float32Array;
  /** ‖ΔW‖. */
  readonly norm: number;
  /** ‖ΔW − B·A‖, measured with the stored factors. */
  readonly error: number;
}

/**
 * ΔW of one matrix as factors; undefined where nothing changed. One difference, its decomposition and the remainder are in memory.
 * Errors: `NON_FINITE_INPUT`, `NO_CONVERGENCE`.
 */
export async function extractModule(
  target: ExtractTarget,
  { parameters, seed }: Pick<ExtractPlan, 'parameters' | 'seed'>,
  options: CallOptions,
): Promise<Extracted | undefined> {
  const { rows, columns } = target;
  const { tuned, base } = sourcesOf(target);
  const steps = [{ step: 'delta' }, { step: 'sum', divisor: 'one', weights: [1] }] as const;
  const data = await MergeJob.toMemory({ name: target.name, models: [tuned], base, steps }, options);
  const delta = { rows, columns, data };
  const total = await sumOfSquares(data);
  if (!Number.isFinite(total)) throw await nonFinite(target, options);
  if (total === 0) return undefined;
  const triplets = await decompose(delta, target.most, seed, options);
  const { energy, epsilon } = parameters;
  const rank = chooseRank(triplets.s, total, { most: target.most, energy, epsilon });
  const factors = await balancedFactors(triplets, rank);
  const [left, right] = [new Float32Array(factors.b.data), new Float32Array(factors.a.data)];
  const remainder = await foldLowRank(
    target.name,
    data,
    delta,
    { a: right, b: left, rank, scale: -1 },
    options,
  );
  const error = Math.sqrt(await sumOfSquares(remainder));
  const [a, b] = target.transposed
    ? [
        new Float32Array((await transpose(factors.b)).data),
        new Float32Array((await transpose(factors.a)).data),
      ]
    : [right, left];
  return { a, b, rank, scaling: 1, norm: Math.sqrt(total), error };
}

async function nonFinite(target: ExtractTarget, options: CallOptions): Promise<Error> {
  const { tuned, base } = sourcesOf(target);
  const inModel = await tuned.file.countNonFinite(tuned.name, options);
  const inBase = (await base?.file.countNonFinite(base.name, options)) ?? 0;
  return nonFiniteInput(target.name, inModel || inBase, inModel === 0);
}

async function decompose(
  delta: Matrix<Float32Array>,
  most: number,
  seed: bigint,
  options: CallOptions,
): Promise<SingularVectors<Float32Array>> {
  const side = Math.min(delta.rows, delta.columns);
  if (side < RANDOMIZED_FROM || most + OVERSAMPLING > side * RANDOMIZED_BELOW) {
    // Ranks are chosen by small values.
    return svd(delta, { vectors: 'thin', precision: 'f64' }, options);
  }
  const settings = { rank: most, oversampling: OVERSAMPLING, powerIterations: POWER_ITERATIONS, seed };
  return randomizedSvd(delta, settings, options);
}
