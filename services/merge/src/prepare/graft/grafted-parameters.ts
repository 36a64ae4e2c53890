import { tf } from '@eigenloom/engine';

import { publish } from '../search/merged-parameters.js';
import { widen } from '../search/model-cache.js';
import type { OpenModels } from '../search/open-search.js';
import { largestChanges } from './largest-changes.js';

/** Bytes for each element beside base and model: S, its gradient, what that is made of, merged value, masks. */
export const GRAFT_BYTES = 4 * Float32Array.BYTES_PER_ELEMENT + 2;

/** Where the sigmoid of S = 0 is 4.5e-5: at first γ is the base mask. */
const BIAS = 10;

/** A tensor that is grafted. b: base mask; S: what is learned; Δ = model − reference. */
interface Grafted {
  readonly name: string;
  readonly variable: tf.Variable;
  readonly reference: Float32Array;
  readonly model: Float32Array;
  readonly values: Float32Array;
  readonly b: Uint8Array;
  readonly S: tf.Variable;
  readonly gradient: Float32Array;
  best: Uint8Array;
}

/** What a network is set to. */
export type GraftState = 'base' | 'model' | 'soft' | 'rounded' | 'best';

/**
 * Parameters θ_pre + γ⊙Δ with γ = b + (1 − 2b)⊙σ(S − 10). Panigrahi et al. 2023, arXiv:2302.06600. Only tensors that the loss depends on
 * and that the model changed.
 */
export class GraftedParameters {
  readonly #tensors: readonly Grafted[];

  /** b has the `count` elements that moved furthest. */
  constructor({ cache, parameters, reached }: OpenModels, count: number) {
    const changed = cache.tensors.flatMap(({ name, reference, models: [stored] }) => {
      if (stored === undefined || !reached.has(name)) return [];
      const values = new Float32Array(reference.length);
      const wide = widen(stored, values);
      return [
        { name, reference, model: wide.buffer === values.buffer ? Float32Array.from(wide) : wide, values },
      ];
    });
    const masks = largestChanges(changed, count);
    this.#tensors = changed.map((tensor, i) => ({
      ...tensor,
      variable: parameters.train(tensor.name),
      b: masks[i] ?? new Uint8Array(),
      S: tf.tidy((): tf.Variable => tf.variable(tf.zeros([tensor.values.length]), false)),
      gradient: new Float32Array(tensor.values.length),
      best: masks[i] ?? new Uint8Array(),
    }));
  }

  get variables(): tf.Variable[] {
    return this.#tensors.map(({ variable }) => variable);
  }

  /** What is learned, by the names of the tensors. */
  get S(): ReadonlyMap<string, tf.Variable> {
    return new Map(this.#tensors.map(({ name, S }) => [name, S]));
  }

  async assign(state: GraftState): Promise<void> {
    for (const tensor of this.#tensors) {
      const { variable, reference, model, values, b, best } = tensor;
      const S = await tensor.S.data<'float32'>();
      if (state === 'base' || state === 'model') values.set(state === 'base' ? reference : model);
      else if (state === 'soft') fillSoft(tensor, S);
      else {
        for (let i = 0; i < values.length; i += 1) {
          const taken = state === 'best' ? best[i] === 1 : isTaken(b[i] ?? 0, S[i] ?? 0);
          values[i] = (taken ? model[i] : reference[i]) ?? 0;
        }
      }
      publish(variable, values);
    }
  }

  /** Adds `share` times the gradient with respect to one of the parameters. */
  async accumulate(variable: tf.Variable, own: tf.Tensor, share: number): Promise<void> {
    const gradient = this.#tensors.find((tensor) => tensor.variable === variable)?.gradient;
    if (gradient === undefined) return;
    const values = await own.data<'float32'>();
    for (let i = 0; i < gradient.length; i += 1) gradient[i] = (gradient[i] ?? 0) + share * (values[i] ?? 0);
  }

  /** The gradient of S, (1 − 2b) · g · Δ · σ(S − 10)(1 − σ(S − 10)), of what was accumulated, which starts anew. */
  async pullBack(): Promise<Map<string, tf.Tensor>> {
    const slopes = new Map<string, tf.Tensor>();
    for (const { name, reference, model, b, gradient, ...tensor } of this.#tensors) {
      const S = await tensor.S.data<'float32'>();
      const slope = new Float32Array(S.length);
      for (let i = 0; i < S.length; i += 1) {
        const sigma = sigmoid((S[i] ?? 0) - BIAS);
        const change = (model[i] ?? 0) - (reference[i] ?? 0);
        slope[i] = (1 - 2 * (b[i] ?? 0)) * (gradient[i] ?? 0) * change * sigma * (1 - sigma);
      }
      gradient.fill(0);
      slopes.set(name, tf.tensor1d(slope));
    }
    return slopes;
  }

  /** The rounded γ of now is the best so far. */
  async keep(): Promise<void> {
    for (const tensor of this.#tensors) {
      const S = await tensor.S.data<'float32'>();
      tensor.best = tensor.b.map((own, i) => (isTaken(own, S[i] ?? 0) ? 1 : 0));
    }
  }

  /** The best γ by name: 1 where the model's element is taken. */
  get masks(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#tensors.map(({ name, best }) => [name, best]));
  }
}

function fillSoft({ reference, model, values, b }: Grafted, S: Float32Array): void {
  for (let i = 0; i < values.length; i += 1) {
    const own = b[i] ?? 0;
    const gamma = own + (1 - 2 * own) * sigmoid((S[i] ?? 0) - BIAS);
    const from = reference[i] ?? 0;
    values[i] = from + gamma * ((model[i] ?? 0) - from);
  }
}

/** γ rounded: S beyond the bias turns the base mask over. */
const isTaken = (b: number, S: number): boolean => (S > BIAS ? b === 0 : b === 1);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
