import type { tf } from '@eigenloom/engine';
import type { Network } from '@eigenloom/models';

import { publish } from '../search/merged-parameters.js';
import { type CachedTensor, widen } from '../search/model-cache.js';

interface Summed {
  readonly tensor: CachedTensor;
  readonly variable: tf.Variable;
  readonly sum: Float32Array;
  readonly mean: Float32Array;
}

/**
 * The uniform mean of some of the models in memory as the parameters of a network. A candidate is (sum + model) / (n + 1): models are
 * added in order and divided once, in f32, as a merge on disk does it.
 */
export class RunningSoup {
  readonly #tensors: readonly Summed[];
  #members: readonly number[] = [];

  constructor(tensors: readonly CachedTensor[], { parameters }: Network) {
    this.#tensors = tensors
      .filter(({ name }) => parameters.has(name))
      .map((tensor) => ({
        tensor,
        variable: parameters.train(tensor.name),
        sum: new Float32Array(tensor.reference.length),
        mean: new Float32Array(tensor.reference.length),
      }));
  }

  /** Sets the network to the mean of models, one or more. Cheap when all but the last are those of the call before or its start. */
  assign(members: readonly number[]): void {
    const kept = members.slice(0, -1);
    const last = members.at(-1) ?? 0;
    for (const { tensor, variable, sum, mean } of this.#tensors) {
      this.#follow(kept, tensor, sum, mean);
      const values = valuesOf(tensor, last, mean);
      if (kept.length === 0) mean.set(values);
      else for (let i = 0; i < sum.length; i += 1) mean[i] = (sum[i] ?? 0) + (values[i] ?? 0);
      const count = members.length;
      if (count > 1) for (let i = 0; i < mean.length; i += 1) mean[i] = (mean[i] ?? 0) / count;
      publish(variable, mean);
    }
    this.#members = kept;
  }

  /** Makes the sum that of `members`. */
  #follow(members: readonly number[], tensor: CachedTensor, sum: Float32Array, scratch: Float32Array): void {
    const goesOn = this.#members.every((member, i) => members[i] === member);
    for (const [i, member] of members.entries()) {
      if (goesOn && i < this.#members.length) continue;
      const values = valuesOf(tensor, member, scratch);
      if (i === 0) sum.set(values);
      else for (let at = 0; at < sum.length; at += 1) sum[at] = (sum[at] ?? 0) + (values[at] ?? 0);
    }
  }
}

function valuesOf({ models, reference }: CachedTensor, model: number, scratch: Float32Array): Float32Array {
  const stored = models[model];
  return stored === undefined ? reference : widen(stored, scratch);
}
