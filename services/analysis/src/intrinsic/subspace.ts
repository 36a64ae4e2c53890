import { tf } from '@eigenloom/engine';
import type { TakeGradients } from '@eigenloom/training';
import type { Projection } from './projections.js';

/** One of the weights: where it stands in a vector of all of them. */
interface Part {
  readonly name: string;
  readonly variable: tf.Variable;
  readonly start: number;
  readonly end: number;
  /** Its layer's factor. */
  readonly layer: number;
}

export const THETA = 'theta';
export const FACTORS = 'factors';

/** Weights as one vector, in the order of their map. */
export class FlatWeights {
  readonly parts: readonly Part[];
  /** D. */
  readonly size: number;
  readonly layers: number;

  constructor(weights: ReadonlyMap<string, tf.Variable>, layerOf: (name: string) => string) {
    const layers = [...new Set([...weights.keys()].map(layerOf))];
    let end = 0;
    this.parts = [...weights].map(([name, variable]) => {
      const start = end;
      end += variable.size;
      return { name, variable, start, end, layer: layers.indexOf(layerOf(name)) };
    });
    this.size = end;
    this.layers = layers.length;
  }

  async read(): Promise<Float32Array> {
    const all = new Float32Array(this.size);
    for (const { variable, start } of this.parts) all.set(await variable.data<'float32'>(), start);
    return all;
  }

  write(all: Float32Array): void {
    for (const { variable, start, end } of this.parts) {
      tf.tidy(() => {
        variable.assign(tf.tensor(all.slice(start, end), variable.shape, 'float32'));
      });
    }
  }
}

/**
 * θ = θ₀ + P·θ_d (Li et al. 2018, equation 2), or θᵢ = θ₀ᵢ + λᵢ·(P·θ_{d−m})ᵢ with a factor for each of m layers (Aghajanyan et al. 2020,
 * equation 3). θ_d starts at 0 and the factors at 1.
 */
export class Subspace {
  /** What is trained. */
  readonly trained: ReadonlyMap<string, tf.Variable>;
  readonly #theta: tf.Variable<tf.Rank.R1>;
  readonly #factors: tf.Variable<tf.Rank.R1> | undefined;

  constructor(
    private readonly weights: FlatWeights,
    /** θ₀. */
    private readonly start: Float32Array,
    private readonly projection: Projection,
    size: { readonly columns: number; readonly structureAware: boolean },
    private readonly signal: AbortSignal,
  ) {
    this.#theta = tf.tidy(() => tf.variable(tf.zeros([size.columns]), true));
    this.#factors = size.structureAware
      ? tf.tidy(() => tf.variable(tf.ones([weights.layers]), true))
      : undefined;
    const factors = this.#factors === undefined ? [] : [[FACTORS, this.#factors] as const];
    this.trained = new Map<string, tf.Variable>([[THETA, this.#theta], ...factors]);
  }

  /** Puts the weights where θ_d says. Returns P·θ_d where the factors' gradient needs it. */
  async place(): Promise<Float32Array | undefined> {
    const moved = await this.projection.project(await this.#theta.data<'float32'>(), { signal: this.signal });
    if (this.#factors === undefined) {
      add(moved, this.start, moved);
      this.weights.write(moved);
      return undefined;
    }
    const all = moved.slice();
    const factors = await this.#factors.data<'float32'>();
    for (const { start, end, layer } of this.weights.parts)
      scale(all.subarray(start, end), factors[layer] ?? 1);
    add(all, this.start, all);
    this.weights.write(all);
    return moved;
  }

  /** The gradient of θ_d, Pᵀ·g, and of the factors, from that of the weights, which are placed first. */
  gradients(ofWeights: TakeGradients): TakeGradients {
    const variables = new Map(this.weights.parts.map(({ name, variable }) => [name, variable]));
    const places = new Map(this.weights.parts.map((part) => [part.name, part]));
    return async (step) => {
      const moved = await this.place();
      const all = new Float32Array(this.weights.size);
      const { loss } = await ofWeights(step, variables, async (name, gradient) => {
        all.set(await gradient.data<'float32'>(), places.get(name)?.start);
        gradient.dispose();
      });
      const ofFactors = moved === undefined ? undefined : await this.#takeFactors(all, moved);
      const pulled = await this.projection.transpose(all, { signal: this.signal });
      const gradients = new Map<string, tf.Tensor>([[THETA, tf.tensor1d(pulled)]]);
      if (ofFactors !== undefined) gradients.set(FACTORS, tf.tensor1d(ofFactors));
      return { loss, gradients };
    };
  }

  /** Σ gᵢ·(P·θ)ᵢ for each layer; and λ∘g in the place of g. */
  async #takeFactors(gradient: Float32Array, moved: Float32Array): Promise<Float32Array> {
    const factors = (await this.#factors?.data<'float32'>()) ?? new Float32Array(0);
    const sums = new Float64Array(this.weights.layers);
    for (const { start, end, layer } of this.weights.parts) {
      let sum = 0;
      for (let i = start; i < end; i += 1) sum += (gradient[i] ?? 0) * (moved[i] ?? 0);
      sums[layer] = (sums[layer] ?? 0) + sum;
      scale(gradient.subarray(start, end), factors[layer] ?? 1);
    }
    return Float32Array.from(sums);
  }

  dispose(): void {
    tf.dispose([...this.trained.values()]);
  }
}

function add(a: Float32Array, b: Float32Array, into: Float32Array): void {
  for (let i = 0; i < into.length; i += 1) into[i] = (a[i] ?? 0) + (b[i] ?? 0);
}

function scale(values: Float32Array, factor: number): void {
  for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) * factor;
}
