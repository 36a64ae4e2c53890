import { adamUpdate } from '../../ops/adam.js';
import { globalNorm } from '../../ops/global-norm.js';
import { tf } from '../../tf.js';
import type { EngineModule } from '../../worker/engine-context.js';
import { values, type Case } from './case.js';
import { CASES } from './index.js';

/** The result and, weighted by fixed numbers, the gradient of each input; or what went wrong. */
export type Outcome = readonly Float32Array[] | string;

export interface Evaluation {
  /** In the order of `CASES`. */
  readonly cases: readonly Outcome[];
  readonly adam: Outcome;
}

/** Runs every case on the backend of this thread. */
const evaluateAll: EngineModule<null, Evaluation> = async () => {
  // Else tf.js computes what is small on the CPU, and most cases would compare that with itself.
  if (tf.getBackend() === 'webgpu') tf.env().set('WEBGPU_CPU_FORWARD', false);
  const cases: Outcome[] = [];
  for (const item of CASES) cases.push(await outcomeOf(() => evaluate(item)));
  return { cases, adam: await outcomeOf(adam) };
};
export default evaluateAll;

async function outcomeOf(run: () => Promise<Float32Array[]>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

async function evaluate({ run, inputs, positive, constant }: Case): Promise<Float32Array[]> {
  const tensors = inputs.map((shape, i) => tf.tensor(values(shape, i, positive), [...shape]));
  const y = tf.tidy(() => run(...tensors));
  if (constant === true) return [await read(y)];
  const weights = tf.tensor(values(y.shape, 99), y.shape);
  const scalar = (...x: tf.Tensor[]): tf.Scalar => tf.sum(tf.mul(run(...x), weights));
  const gradients = tf.grads(scalar)(tensors);
  return Promise.all([y, ...gradients].map(read));
}

/** Three steps and their norm, and what they must leave alone: the arrays and tensors that the state began with. */
async function adam(): Promise<Float32Array[]> {
  const shape = [5, 7];
  const start = values(shape, 0);
  const source = tf.tensor(start, shape);
  const state = {
    parameter: tf.variable(source),
    m: tf.variable(tf.zeros(shape)),
    v: tf.variable(tf.zeros(shape)),
  };
  const rates = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const options = { ...rates, weightDecay: 0.1, gradientScale: 0.5 };
  for (const step of [1, 2, 3]) adamUpdate(state, tf.tensor(values(shape, step), shape), options, step);
  const held = await state.parameter.data<'float32'>();
  const before = Float32Array.from(held);
  adamUpdate(state, tf.tensor(values(shape, 9), shape), options, 4);
  const norm = Float32Array.of(await globalNorm([state.parameter, state.m]));
  const kept = [before, Float32Array.from(held), Float32Array.from(start), await read(source)];
  return [await read(state.parameter), norm, ...kept];
}

async function read(tensor: tf.Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data<'float32'>());
}
