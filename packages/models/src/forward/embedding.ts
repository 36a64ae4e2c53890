import { tf } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';

/** Rows of `table` [vocabulary, hidden] for `ids`: [n, hidden]. */
export function embed(table: tf.Tensor2D, ids: Int32Array): tf.Tensor2D {
  const vocabulary = table.shape[0];
  for (const id of ids) {
    if (id < 0 || id >= vocabulary) {
      throw incompatible(
        'TOKEN_OUT_OF_RANGE',
        `token id ${id} lies outside the embedding of ${vocabulary} rows`,
      );
    }
  }
  if (!(table instanceof tf.Variable)) return tf.gather(table, tf.tensor1d(ids, 'int32'));
  return tf.customGrad((weights) => ({
    value: tf.gather(weights as tf.Tensor2D, tf.tensor1d(ids, 'int32')),
    gradFunc: (dy: tf.Tensor) => scatterAdd(dy as tf.Tensor2D, ids, table.shape as [number, number]),
  }))(table) as tf.Tensor2D;
}

// The stock CPU backend sums segment by segment, one pass over dy for each row of the table; the others make one pass, and what
// lies on a GPU cannot be read here.
function scatterAdd(dy: tf.Tensor2D, ids: Int32Array, shape: [number, number]): tf.Tensor2D {
  if (tf.getBackend() !== 'cpu') return tf.unsortedSegmentSum(dy, tf.tensor1d(ids, 'int32'), shape[0]);
  const [, width] = shape;
  const source = dy.dataSync();
  const sum = new Float32Array(shape[0] * width);
  ids.forEach((id, row) => {
    const from = row * width;
    const to = id * width;
    for (let i = 0; i < width; i++) sum[to + i] = (sum[to + i] ?? 0) + (source[from + i] ?? 0);
  });
  return tf.tensor2d(sum, shape);
}
