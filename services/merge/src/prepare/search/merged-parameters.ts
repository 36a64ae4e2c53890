import { tf } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import type { Parameters } from '@eigenloom/models';

import { type CachedTensor, widen } from './model-cache.js';

/** Coefficients of the models for each tensor: [tensors, models], row-major. */
export type Coefficients = Float64Array;

/** A tensor of the network that is written anew for every set of coefficients. */
interface Merged {
  readonly tensor: CachedTensor;
  readonly variable: tf.Variable;
  readonly values: Float32Array;
}

/**
 * The parameters of a network as θ₀ + Σᵢ λᵢ(θᵢ − θ₀), with a coefficient for each tensor and model. Only tensors that the loss depends on
 * and some model changed take part; of the others no coefficient matters.
 */
export class MergedParameters {
  readonly #merged: readonly Merged[];
  /** Rows and tensors by the ids of the variables. */
  readonly #rows: ReadonlyMap<number, readonly [row: number, tensor: CachedTensor]>;
  readonly #scratch: Float32Array;

  /** `reached`: names of the parameters that the losses depend on. */
  constructor(
    tensors: readonly CachedTensor[],
    parameters: Parameters,
    reached: ReadonlySet<string>,
    readonly models: number,
  ) {
    this.#merged = tensors
      .filter(({ name, models: own }) => reached.has(name) && own.some((stored) => stored !== undefined))
      .map((tensor) => ({
        tensor,
        variable: parameters.train(tensor.name),
        values: Float32Array.from(tensor.reference),
      }));
    this.#rows = new Map(this.#merged.map(({ variable, tensor }, row) => [variable.id, [row, tensor]]));
    this.#scratch = new Float32Array(
      this.#merged.reduce((longest, { tensor }) => Math.max(longest, tensor.reference.length), 0),
    );
  }

  /** In order of the rows of the coefficients. */
  get names(): string[] {
    return this.#merged.map(({ tensor }) => tensor.name);
  }

  get variables(): tf.Variable[] {
    return this.#merged.map(({ variable }) => variable);
  }

  /** Sets the network to coefficients, in the order of arithmetic of a merge on disk: f32, models in order, base last. */
  assign(coefficients: Coefficients): void {
    for (const [row, { tensor, variable, values }] of this.#merged.entries()) {
      values.fill(0);
      for (const [model, stored] of tensor.models.entries()) {
        const weight = Math.fround(coefficients[row * this.models + model] ?? 0);
        if (stored === undefined || weight === 0) continue;
        addChange(values, weight, widen(stored, this.#scratch), tensor.reference);
      }
      for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) + (tensor.reference[i] ?? 0);
      publish(variable, values);
    }
  }

  /** Adds sign · ∂L/∂λ = sign · ⟨∂L/∂θ, θᵢ − θ₀⟩ of one of the variables to `into`; the sums are in f64. */
  async reduce(variable: tf.Variable, gradient: tf.Tensor, sign: number, into: Coefficients): Promise<void> {
    const found = this.#rows.get(variable.id);
    if (found === undefined) return;
    const [row, tensor] = found;
    const values = await gradient.data<'float32'>();
    for (const [model, stored] of tensor.models.entries()) {
      if (stored === undefined) continue;
      const product = alongChange(values, widen(stored, this.#scratch), tensor.reference);
      if (!Number.isFinite(product)) {
        throw numericFailure('NON_FINITE_GRADIENT', `the gradient of ${tensor.name} is not finite`);
      }
      const at = row * this.models + model;
      into[at] = (into[at] ?? 0) + sign * product;
    }
  }
}

/** Gives a variable the values of an array, which stays the caller's to write and publish again. */
export function publish(variable: tf.Variable, values: Float32Array): void {
  tf.tidy(() => {
    variable.assign(tf.tensor(values, variable.shape, 'float32'));
  });
}

/** sum ← sum + weight · (x − reference), each operation in f32. */
function addChange(sum: Float32Array, weight: number, x: Float32Array, reference: Float32Array): void {
  for (let i = 0; i < sum.length; i += 1) {
    const change = Math.fround((x[i] ?? 0) - (reference[i] ?? 0));
    sum[i] = (sum[i] ?? 0) + Math.fround(weight * change);
  }
}

/** ⟨gradient, x − reference⟩. */
function alongChange(gradient: Float32Array, x: Float32Array, reference: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < gradient.length; i += 1) {
    sum += (gradient[i] ?? 0) * Math.fround((x[i] ?? 0) - (reference[i] ?? 0));
  }
  return sum;
}
