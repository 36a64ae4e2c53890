import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { areFloats, need, type KernelCall, type NativeKernel } from './native-kernel.js';

// Rows that are named by several indices, the first axes of a tensor.

/** The number of the row that each of `indices` (…, depth) names, of `count`. */
function rowsOf(
  { backend }: KernelCall,
  indices: tf.TensorInfo,
  strides: readonly number[],
  depth: number,
  count: number,
): Int32Array {
  const values = backend.integers(indices);
  const rows = new Int32Array(depth === 0 ? 0 : values.length / depth);
  for (let i = 0; i < rows.length; i += 1) {
    let row = 0;
    for (let axis = 0; axis < depth; axis += 1) row += (values[i * depth + axis] ?? 0) * (strides[axis] ?? 1);
    if (row < 0 || row >= count)
      throw new Error(`indices name element ${String(row)} of a tensor of ${String(count)}`);
    rows[i] = row;
  }
  return rows;
}

const gatherNd: NativeKernel = (call) => {
  const { backend } = call;
  const [x, indices] = [need(call, 'params'), need(call, 'indices')];
  const depth = indices.shape.at(-1) ?? 0;
  if (!areFloats(x) || indices.dtype !== 'int32' || depth === 0) return undefined;
  const [shape, , width, strides] = tf.backend_util.prepareAndValidate(x, indices);
  const count = tf.util.sizeFromShape(x.shape) / width;
  return backend.output(shape, (out) => {
    if (out.length === 0) return;
    const rows = rowsOf(call, indices, strides, depth, count);
    kernels().kernelGather(backend.floats(x), 1, count, width, rows, out);
  });
};

interface Scatter {
  readonly rows: Int32Array;
  readonly width: number;
  readonly updates: Float32Array;
}

/** What is scattered over a tensor of `shape`. */
function scatterOf(call: KernelCall, shape: readonly number[]): Scatter | undefined {
  const [indices, updates] = [need(call, 'indices'), need(call, 'updates')];
  if (!areFloats(updates) || indices.dtype !== 'int32' || tf.util.sizeFromShape([...shape]) === 0)
    return undefined;
  const sizes = tf.backend_util.calculateShapes(updates, indices, [...shape]);
  const { sliceRank, sliceSize, strides, outputSize } = sizes;
  const rows = rowsOf(call, indices, strides, sliceRank, outputSize / sliceSize);
  return { rows, width: sliceSize, updates: call.backend.floats(updates) };
}

/** Adds up the updates of a row. */
const scatterNd: NativeKernel = (call) => {
  const shape = call.attributes['shape'] as number[];
  const own = scatterOf(call, shape);
  if (own === undefined) return undefined;
  return call.backend.output(shape, (out) => {
    kernels().kernelSegmentSum(own.updates, own.rows, own.width, out);
  });
};

const tensorScatterUpdate: NativeKernel = (call) => {
  const { backend } = call;
  const x = need(call, 'tensor');
  const own = areFloats(x) ? scatterOf(call, x.shape) : undefined;
  if (own === undefined) return undefined;
  return backend.output(x.shape, (out) => {
    out.set(backend.floats(x));
    kernels().kernelScatter(own.updates, own.rows, own.width, out);
  });
};

export const SCATTER: ReadonlyMap<string, NativeKernel> = new Map([
  [tf.GatherNd, gatherNd],
  [tf.ScatterNd, scatterNd],
  [tf.TensorScatterUpdate, tensorScatterUpdate],
]);
