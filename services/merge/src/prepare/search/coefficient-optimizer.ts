import { adamUpdate, type AdamState, tf } from '@eigenloom/engine';

export interface OptimizerSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** 0: no clipping. */
  readonly maxGradientNorm: number;
}

/** torch's defaults, which the authors of all methods here use. */
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** AdamW on the numbers that coefficients follow from. Loshchilov and Hutter 2017, arXiv:1711.05101, Algorithm 2. */
export class CoefficientOptimizer {
  readonly #state: AdamState;
  #step = 0;

  constructor(
    /** As they are now; replaced by every step. */
    public learned: Float32Array,
    private readonly settings: OptimizerSettings,
  ) {
    const variable = (values: Float32Array): tf.Variable =>
      tf.tidy(() => tf.variable(tf.tensor1d(values), false));
    const zeros = (): tf.Variable => variable(new Float32Array(learned.length));
    this.#state = { parameter: variable(Float32Array.from(learned)), m: zeros(), v: zeros() };
  }

  /** One step; `factor` is of the learning rate. */
  async step(gradient: Float64Array, factor = 1): Promise<void> {
    const { learningRate, weightDecay, maxGradientNorm } = this.settings;
    const norm = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
    // 1e-6 as in torch's clip_grad_norm_.
    const gradientScale = maxGradientNorm > 0 ? Math.min(1, maxGradientNorm / (norm + 1e-6)) : 1;
    const tensor = tf.tensor1d(Float32Array.from(gradient));
    const options = { ...ADAM, learningRate: learningRate * factor, weightDecay, gradientScale };
    adamUpdate(this.#state, tensor, options, (this.#step += 1));
    tensor.dispose();
    // A copy: a backend may go on writing the array that the variable lives in.
    this.learned = Float32Array.from(await this.#state.parameter.data());
  }
}
