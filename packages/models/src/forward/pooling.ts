import { tf } from '@eigenloom/engine';
import type { Pooling } from '../families/family.js';
import type { RowLayout } from './row-layout.js';

/** One vector for each example from its rows, padding left out: [size·length, hidden] → [size, hidden]. */
export function pool(hidden: tf.Tensor2D, layout: RowLayout, pooling: Pooling): tf.Tensor2D {
  return tf.matMul(weights(layout, pooling), hidden);
}

// Pooling is a product with a sparse matrix. As [size, size·length] it costs size²·length·hidden products, less than
// one linear module of the network, and its gradient is a product too.
function weights({ size, length, lengths }: RowLayout, pooling: Pooling): tf.Tensor2D {
  const width = size * length;
  const values = new Float32Array(size * width);
  lengths.forEach((count, row) => {
    const start = row * width + row * length;
    if (pooling === 'mean') values.fill(1 / count, start, start + count);
    else values[start + (pooling === 'first' ? 0 : count - 1)] = 1;
  });
  return tf.tensor2d(values, [size, width]);
}
