import { adamUpdate, globalNorm, tf, type AdamState } from '@eigenloom/engine';
import { numericFailure } from '@eigenloom/errors';
import type { OptimizerPlan } from '../plan/train-plan.js';

/** The values of a tensor on their way to or from a file. */
export interface TensorValues {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A weight that is trained, with its moments. */
class Trainable {
  readonly state: AdamState;

  constructor(
    readonly name: string,
    readonly parameter: tf.Variable,
  ) {
    const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(parameter.shape), false));
    this.state = { parameter, m: zeros(), v: zeros() };
  }
}

const PARTS = ['parameter', 'm', 'v'] as const;

/** Everything that is trained, in a fixed order, under names of its own. AdamW: arXiv:1711.05101, Algorithm 2. */
export class TrainableSet {
  readonly #items: readonly Trainable[];

  constructor(parameters: ReadonlyMap<string, tf.Variable>) {
    this.#items = [...parameters].map(([name, parameter]) => new Trainable(name, parameter));
  }

  get variables(): tf.Variable[] {
    return this.#items.map(({ parameter }) => parameter);
  }

  get parameterCount(): number {
    return this.#items.reduce((sum, { parameter }) => sum + parameter.size, 0);
  }

  /** One step; `step` counts from 1. Gradients by the variables' own names. Returns their norm before clipping. */
  async update(
    gradients: Readonly<Record<string, tf.Tensor>>,
    options: OptimizerPlan,
    learningRate: number,
    step: number,
  ): Promise<number> {
    const moved = this.#items.flatMap((item) => {
      const gradient = gradients[item.parameter.name];
      return gradient === undefined ? [] : [{ item, gradient }];
    });
    const norm = await globalNorm(moved.map(({ gradient }) => gradient));
    if (!Number.isFinite(norm)) {
      throw numericFailure('NON_FINITE_GRADIENT', `the gradient of step ${step} is not finite`);
    }
    const { beta1, beta2, epsilon, weightDecay, maxGradientNorm } = options;
    const gradientScale = maxGradientNorm > 0 ? Math.min(1, maxGradientNorm / (norm + 1e-6)) : 1;
    for (const { item, gradient } of moved) {
      const decay = item.parameter.rank < 2 ? 0 : weightDecay;
      const adam = { learningRate, beta1, beta2, epsilon, weightDecay: decay, gradientScale };
      adamUpdate(item.state, gradient, adam, step);
    }
    return norm;
  }

  /** Parameters and moments; the arrays are copies. */
  async save(): Promise<Map<string, TensorValues>> {
    const saved = new Map<string, TensorValues>();
    for (const { name, state } of this.#items) {
      for (const part of PARTS) saved.set(`${part}/${name}`, await valuesOf(state[part]));
    }
    return saved;
  }

  async saveParameters(): Promise<Map<string, TensorValues>> {
    const saved = new Map<string, TensorValues>();
    for (const { name, parameter } of this.#items) saved.set(name, await valuesOf(parameter));
    return saved;
  }

  /** Takes over what `save` gave. */
  restore(saved: ReadonlyMap<string, TensorValues>): void {
    for (const { name, state } of this.#items) {
      for (const part of PARTS) {
        const found = saved.get(`${part}/${name}`);
        if (found === undefined) throw new Error(`a training checkpoint lacks ${part} of ${name}`);
        tf.tidy(() => {
          state[part].assign(tf.tensor(found.values, [...found.shape], 'float32'));
        });
      }
    }
  }

  dispose(): void {
    for (const { state } of this.#items) for (const part of PARTS) state[part].dispose();
  }
}

async function valuesOf(tensor: tf.Tensor): Promise<TensorValues> {
  // A copy: native backends hand out, and go on writing, the array that the tensor lives in.
  return { shape: [...tensor.shape], values: Float32Array.from(await tensor.data()) };
}
