import { tf } from '../../tf.js';
import type { EngineModule } from '../engine-context.js';

/** Doubles an array on the worker's backend. */
const double: EngineModule<Float32Array, { values: Float32Array; backend: string; thread: boolean }> = (
  input,
  context,
) => {
  context.report({ fraction: 0.5, phase: 'doubling' });
  const values = tf.tidy(() => tf.mul(tf.tensor1d(input), 2).dataSync<'float32'>().slice());
  context.transfer(values.buffer);
  return Promise.resolve({ values, backend: tf.getBackend(), thread: true });
};
export default double;
