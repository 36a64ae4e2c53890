import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast, defineGradients } from './define.js';

/** Rows of dy added up at the indices that they were gathered from, along any axis. */
function gatherGradient(dy: tf.Tensor, x: tf.Tensor, indices: tf.Tensor, axis: number): tf.Tensor {
  const size = x.shape[axis] ?? 0;
  const outer = x.shape.slice(0, axis);
  const inner = x.shape.slice(axis + 1);
  const flat = tf.reshape<tf.Rank.R1>(indices, [-1]);
  const rows = tf.reshape(dy, [...outer, indices.size, ...inner]);
  if (axis === 0) return tf.unsortedSegmentSum(rows, flat, size);
  const toFront = [axis, ...outer.keys(), ...inner.map((_, i) => axis + 1 + i)];
  const back = [...outer.map((_, i) => i + 1), 0, ...inner.map((_, i) => axis + 1 + i)];
  return tf.transpose(tf.unsortedSegmentSum(tf.transpose(rows, toFront), flat, size), back);
}

export const INDEXING = defineGradients([
  {
    kernel: tf.GatherV2,
    inputs: ['x', 'indices'],
    of: (dy, saved, attributes) => {
      const [x, indices] = saved as [tf.Tensor, tf.Tensor];
      const axis = Number(attributes['axis'] ?? 0);
      return { x: () => gatherGradient(dy, x, indices, axis < 0 ? axis + x.rank : axis) };
    },
  },
  {
    kernel: tf.UnsortedSegmentSum,
    inputs: ['segmentIds'],
    of: (dy, saved) => {
      const ids = saved[0] as tf.Tensor1D;
      return {
        x: () => {
          const rows = tf.gather(dy, tf.maximum(ids, tf.scalar(0, 'int32')));
          const kept = tf.reshape(tf.greaterEqual(ids, tf.scalar(0, 'int32')), [
            ids.size,
            ...rows.shape.slice(1).map(() => 1),
          ]);
          return tf.mul(rows, tf.cast(kept, 'float32'));
        },
      };
    },
  },
  {
    kernel: tf.GatherNd,
    inputs: ['params', 'indices'],
    of: (dy, saved) => {
      const [params, indices] = saved as [tf.Tensor, tf.Tensor];
      return { params: () => tf.scatterND(indices, dy, params.shape) };
    },
  },
  {
    kernel: tf.ScatterNd,
    inputs: ['indices'],
    of: (dy, saved) => ({ updates: () => tf.gatherND(dy, saved[0] as tf.Tensor) }),
  },
  {
    // Of equal indices the last one's update stays, so that the others have no gradient; here they share its. Indices are distinct.
    kernel: tf.TensorScatterUpdate,
    inputs: ['indices', 'updates'],
    of: (dy, saved) => {
      const [indices, updates] = saved as [tf.Tensor, tf.Tensor];
      return {
        tensor: () => tf.tensorScatterUpdate(dy, indices, tf.zerosLike(updates)),
        updates: () => tf.gatherND(dy, indices),
      };
    },
  },
  {
    kernel: tf.Select,
    inputs: ['condition'],
    of: (dy, saved) => {
      const condition = tf.cast(saved[0] as tf.Tensor, 'float32');
      return {
        t: () => unbroadcast(tf.mul(dy, condition), dy.shape),
        e: () => unbroadcast(tf.mul(dy, tf.sub(1, condition)), dy.shape),
      };
    },
  },
]);
