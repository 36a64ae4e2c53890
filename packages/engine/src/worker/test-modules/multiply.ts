import { tf } from '../../tf.js';
import type { EngineModule } from '../engine-context.js';

/** Leaves tensors on the backend, some of them still being computed, and has read one. */
const multiply: EngineModule<null, number | undefined> = async () => {
  const x = tf.ones([256, 256]);
  const read = (await tf.sum(tf.matMul(x, x)).data())[0];
  for (let i = 0; i < 10; i += 1) tf.matMul(x, x);
  return read;
};
export default multiply;
