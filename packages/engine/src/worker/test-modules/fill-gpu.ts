import { tf } from '../../tf.js';
import type { EngineModule } from '../engine-context.js';

/** Asks for more memory than a buffer may have, and reads a number that depends on it. */
const fillGpu: EngineModule<null, number | undefined> = async () => {
  const { device } = tf.backend() as unknown as { device: { limits: { maxBufferSize: number } } };
  const side = Math.ceil(Math.sqrt(device.limits.maxBufferSize / 4)) + 1;
  const row = tf.ones([1, side]);
  return (await tf.sum(tf.mul(row, tf.reshape(row, [side, 1]))).data())[0];
};
export default fillGpu;
