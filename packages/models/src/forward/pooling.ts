import { tf } from '@eigenloom/engine';
import type { Pooling } from '../networks/architecture.js';
import type { Batch } from '../tokens/batch.js';

/** One vector for each text from its tokens, padding left out: [batch·length, hidden] → [batch, hidden]. */
export function pool(hidden: tf.Tensor2D, batch: Batch, pooling: Pooling): tf.Tensor2D {
  return tf.matMul(weights(batch, pooling), hidden);
}

// Pooling is a product with a sparse matrix. As [batch, batch·length] it costs batch²·length·hidden products, less than
// one linear module of the network, and its gradient is a product too.
function weights(batch: Batch, pooling: Pooling): tf.Tensor2D {
  const width = batch.size * batch.length;
  const values = new Float32Array(batch.size * width);
  batch.lengths.forEach((count, row) => {
    const start = row * width + row * batch.length;
    if (pooling === 'mean') values.fill(1 / count, start, start + count);
    else values[start + (pooling === 'first' ? 0 : count - 1)] = 1;
  });
  return tf.tensor2d(values, [batch.size, width]);
}
