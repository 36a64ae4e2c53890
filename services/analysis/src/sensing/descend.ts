import { breathe } from '@eigenloom/training';
import type { Problem } from './problem.js';

/** Multiplications before the event loop has its turn: some milliseconds. */
const AT_ONCE = 2 ** 22;
/** A relative error at which a run has arrived: above what rounding leaves. */
export const ARRIVED = 1e-12;
const DIVERGED_ABOVE = 1e6;

/** The product of two factors (n × k), or of one with itself. */
export interface Factors {
  readonly columns: number;
  readonly left: Float64Array;
  /** The left one again where the parameterisation is symmetric. */
  readonly right: Float64Array;
}

export interface Descent {
  readonly stepSize: number;
  readonly steps: number;
  readonly signal: AbortSignal;
  /** Called with the steps done. */
  readonly onProgress: (done: number) => void;
}

/** A step size at which the error grows without bound. */
export class Diverged extends Error {}

/**
 * Gradient descent on ½·mean (⟨Aᵢ, F·Gᵀ − M⟩)², or on ¼·mean (⟨Aᵢ, X·Xᵀ − M⟩)² where both factors are one, which changes the factors.
 * Returns ‖F·Gᵀ − M‖ / ‖M‖ before each step, until it has arrived. Errors: `Diverged`; the signal's.
 */
export async function descend(
  problem: Problem,
  factors: Factors,
  { stepSize, steps, signal, onProgress }: Descent,
): Promise<number[]> {
  const { size, truth, operator } = problem;
  const scale = norm(truth);
  const difference = new Float64Array(size * size);
  const gradient = operator === undefined ? difference : new Float64Array(size * size);
  const together = Math.max(1, Math.floor(AT_ONCE / stepCost(problem, factors.columns)));
  const errors: number[] = [];
  while (errors.length < steps) {
    if (errors.length % together === 0) {
      onProgress(errors.length);
      await breathe(signal);
    }
    subtract(factors, truth, size, difference);
    const error = norm(difference) / scale;
    if (!(error < DIVERGED_ABOVE)) throw new Diverged(`the error is ${error} after ${errors.length} steps`);
    errors.push(error);
    if (error < ARRIVED) break;
    if (operator !== undefined) multiply(operator, difference, gradient);
    step(factors, gradient, size, stepSize);
  }
  return errors;
}

/** Multiplications of one step. */
export const stepCost = ({ size, operator }: Problem, columns: number): number =>
  size * size * (3 * columns + (operator === undefined ? 0 : size * size));

export function norm(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** D = F·Gᵀ − M. */
function subtract(
  { left, right, columns }: Factors,
  truth: Float64Array,
  size: number,
  into: Float64Array,
): void {
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      let sum = 0;
      for (let l = 0; l < columns; l += 1) {
        sum += (left[i * columns + l] ?? 0) * (right[j * columns + l] ?? 0);
      }
      into[i * size + j] = sum - (truth[i * size + j] ?? 0);
    }
  }
}

/** S·vec(D). */
function multiply(operator: Float64Array, values: Float64Array, into: Float64Array): void {
  const { length } = values;
  for (let i = 0; i < length; i += 1) {
    let sum = 0;
    for (let j = 0, at = i * length; j < length; j += 1, at += 1)
      sum += (operator[at] ?? 0) * (values[j] ?? 0);
    into[i] = sum;
  }
}

/** With E = S·D: F ← F − η·E·G and G ← G − η·Eᵀ·F, both from the old factors; X ← X − η·½(E + Eᵀ)·X where both are one. */
function step({ left, right, columns }: Factors, e: Float64Array, size: number, stepSize: number): void {
  const isSymmetric = left === right;
  const [oldLeft, oldRight] = [left.slice(), right.slice()];
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      const [along, across] = [e[i * size + j] ?? 0, e[j * size + i] ?? 0];
      const factor = stepSize * (isSymmetric ? (along + across) / 2 : along);
      move(left, i * columns, factor, oldRight, j * columns, columns);
      if (!isSymmetric) move(right, i * columns, stepSize * across, oldLeft, j * columns, columns);
    }
  }
}

/** Takes a multiple of one row from another. */
function move(
  target: Float64Array,
  at: number,
  factor: number,
  source: Float64Array,
  from: number,
  columns: number,
): void {
  for (let l = 0; l < columns; l += 1) {
    target[at + l] = (target[at + l] ?? 0) - factor * (source[from + l] ?? 0);
  }
}
