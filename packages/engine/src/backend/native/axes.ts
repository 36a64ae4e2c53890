import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { sizeOf } from './arrays.js';
import { areFloats, need, type NativeKernel } from './native-kernel.js';

/** `code` as in the bridge. Only axes beside each other: one view (outer, length, inner). */
const reduce =
  (code: number, attribute: string): NativeKernel =>
  (call) => {
    const { backend, attributes } = call;
    const x = need(call, 'x');
    const axes = tf.util.parseAxisParam(attributes[attribute] as number[], x.shape).sort((a, b) => a - b);
    const [first, last] = [axes[0], axes.at(-1)];
    if (!areFloats(x) || first === undefined || last !== first + axes.length - 1) return undefined;
    const [before, after] = [x.shape.slice(0, first), x.shape.slice(last + 1)];
    const length = sizeOf(x.shape.slice(first, last + 1));
    const kept = attributes['keepDims'] === true ? axes.map(() => 1) : [];
    return backend.output([...before, ...kept, ...after], (out) => {
      kernels().kernelReduce(code, backend.floats(x), sizeOf(before), length, sizeOf(after), out);
    });
  };

const transpose: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const permutation = attributes['perm'] as number[];
  if (!areFloats(x)) return undefined;
  const shape = permutation.map((axis) => x.shape[axis] ?? 1);
  return backend.output(shape, (out) => {
    const [sizes, order] = [Uint32Array.from(x.shape), Uint32Array.from(permutation)];
    kernels().kernelTranspose(backend.floats(x), sizes, order, out);
  });
};

const gather: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const [x, indices] = [need(call, 'x'), need(call, 'indices')];
  if (!areFloats(x) || indices.dtype !== 'int32' || Number(attributes['batchDims'] ?? 0) !== 0)
    return undefined;
  const axis = tf.util.parseAxisParam(Number(attributes['axis'] ?? 0), x.shape)[0] ?? 0;
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  return backend.output([...before, ...indices.shape, ...after], (out) => {
    const rows = backend.integers(indices);
    const frozen = axis === 0 ? backend.frozen(x) : undefined;
    if (frozen !== undefined) {
      const dims = Uint32Array.of(x.shape[0] ?? 0, sizeOf(after));
      kernels().kernelExpandRows(frozen.bytes, frozen.code, dims, rows, out);
      return;
    }
    kernels().kernelGather(backend.floats(x), sizeOf(before), x.shape[axis] ?? 1, sizeOf(after), rows, out);
  });
};

const segmentSum: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const [x, ids] = [need(call, 'x'), need(call, 'segmentIds')];
  if (!areFloats(x) || ids.shape.length !== 1) return undefined;
  const after = x.shape.slice(1);
  return backend.output([Number(attributes['numSegments']), ...after], (out) => {
    kernels().kernelSegmentSum(backend.floats(x), backend.integers(ids), sizeOf(after), out);
  });
};

export const AXES: ReadonlyMap<string, NativeKernel> = new Map([
  [tf.Sum, reduce(0, 'axis')],
  [tf.Mean, reduce(1, 'axis')],
  [tf.Max, reduce(2, 'reductionIndices')],
  [tf.Transpose, transpose],
  [tf.GatherV2, gather],
  [tf.UnsortedSegmentSum, segmentSum],
]);
