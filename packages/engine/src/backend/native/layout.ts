import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { sizeOf } from './arrays.js';
import { areFloats, need, type KernelCall, type NativeKernel } from './native-kernel.js';

// Kernels that move elements: the stock ones ask for the place of each element by itself.

/** Elements between neighbours along each axis of a dense tensor. */
function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= size;
  }
  return strides;
}

const offsetOf = (strides: readonly number[], at: readonly number[]): number =>
  strides.reduce((sum, stride, axis) => sum + stride * (at[axis] ?? 0), 0);

/** Where a box lies: the index of its first element, and strides, as the bridge has them. */
const place = (offset: number, strides: readonly number[]): Uint32Array => Uint32Array.of(offset, ...strides);

/** The box of `size` that begins at `begin`. */
function sliced({ backend }: KernelCall, x: tf.TensorInfo, begin: number[], size: number[]): tf.TensorInfo {
  const strides = stridesOf(x.shape);
  return backend.output(size, (out) => {
    const from = place(offsetOf(strides, begin), strides);
    kernels().kernelCopy(backend.floats(x), Uint32Array.from(size), from, place(0, stridesOf(size)), out);
  });
}

const slice: NativeKernel = (call) => {
  const x = need(call, 'x');
  if (!areFloats(x)) return undefined;
  const { begin, size } = call.attributes as { begin: number | number[]; size: number | number[] };
  const [from = [], sizes = []] = tf.slice_util.parseSliceParams(x, begin, size);
  tf.slice_util.assertParamsValid(x, from, sizes);
  return sliced(call, x, from, sizes);
};

/** The parts of a tensor along an axis, of these sizes. */
function parts(call: KernelCall, x: tf.TensorInfo, axis: number, sizes: readonly number[]): tf.TensorInfo[] {
  const begin = x.shape.map(() => 0);
  return sizes.map((along) => {
    const part = sliced(call, x, begin, x.shape.with(axis, along));
    begin[axis] = (begin[axis] ?? 0) + along;
    return part;
  });
}

const splitV: NativeKernel = (call) => {
  const x = need(call, 'x');
  if (!areFloats(x)) return undefined;
  const { axis, numOrSizeSplits } = call.attributes as { axis: number; numOrSizeSplits: number | number[] };
  const along = tf.util.parseAxisParam(axis, x.shape)[0] ?? 0;
  const sizes = tf.backend_util.prepareSplitSize(x, numOrSizeSplits, along);
  return parts(call, x, along, sizes);
};

const unpack: NativeKernel = (call) => {
  const x = need(call, 'value');
  const axis = tf.util.parseAxisParam(call.attributes['axis'] as number, x.shape)[0] ?? 0;
  if (!areFloats(x)) return undefined;
  const rows = parts(call, x, axis, new Array<number>(x.shape[axis] ?? 0).fill(1));
  return rows.map((row) => ({ ...row, shape: x.shape.toSpliced(axis, 1) }));
};

/** Tensors behind each other along an axis; their shapes differ there alone. */
function joined(
  { backend }: KernelCall,
  tensors: readonly tf.TensorInfo[],
  shapes: readonly (readonly number[])[],
  axis: number,
): tf.TensorInfo {
  const along = shapes.reduce((sum, shape) => sum + (shape[axis] ?? 0), 0);
  const whole = (shapes[0] ?? []).with(axis, along);
  const strides = stridesOf(whole);
  return backend.output(whole, (out) => {
    let offset = 0;
    for (const [i, tensor] of tensors.entries()) {
      const shape = shapes[i] ?? [];
      const [sizes, from] = [Uint32Array.from(shape), place(0, stridesOf(shape))];
      kernels().kernelCopy(backend.floats(tensor), sizes, from, place(offset, strides), out);
      offset += (shape[axis] ?? 0) * (strides[axis] ?? 0);
    }
  });
}

const concat: NativeKernel = (call) => {
  const tensors = Object.values(call.inputs);
  const shapes = tensors.map(({ shape }) => shape);
  const axis = tf.util.parseAxisParam(call.attributes['axis'] as number, shapes[0] ?? [])[0] ?? 0;
  if (!areFloats(...tensors)) return undefined;
  tf.backend_util.assertParamsConsistent(shapes, axis);
  return joined(call, tensors, shapes, axis);
};

const pack: NativeKernel = (call) => {
  const tensors = Object.values(call.inputs);
  const [{ shape } = { shape: [] }] = tensors;
  if (!areFloats(...tensors)) return undefined;
  for (const other of tensors) tf.util.assertShapesMatch(shape, other.shape, 'all tensors have one shape: ');
  const axis = tf.util.parseAxisParam(call.attributes['axis'] as number, [...shape, 1])[0] ?? 0;
  const one = shape.toSpliced(axis, 0, 1);
  return joined(
    call,
    tensors,
    tensors.map(() => one),
    axis,
  );
};

const pad: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  if (!areFloats(x)) return undefined;
  const paddings = attributes['paddings'] as [number, number][];
  const shape = x.shape.map((size, axis) => size + (paddings[axis]?.[0] ?? 0) + (paddings[axis]?.[1] ?? 0));
  const strides = stridesOf(shape);
  const offset = offsetOf(
    strides,
    paddings.map(([before]) => before),
  );
  return backend.output(shape, (out) => {
    out.fill(Number(attributes['constantValue'] ?? 0));
    const [sizes, from] = [Uint32Array.from(x.shape), place(0, stridesOf(x.shape))];
    kernels().kernelCopy(backend.floats(x), sizes, from, place(offset, strides), out);
  });
};

const tile: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  if (!areFloats(x)) return undefined;
  const times = attributes['reps'] as number[];
  const shape = x.shape.map((size, axis) => size * (times[axis] ?? 1));
  const [own, strides] = [stridesOf(x.shape), stridesOf(shape)];
  // Each axis is two: which copy, and where in it.
  const sizes = x.shape.flatMap((size, axis) => [times[axis] ?? 1, size]);
  const from = x.shape.flatMap((_, axis) => [0, own[axis] ?? 0]);
  const to = x.shape.flatMap((size, axis) => [size * (strides[axis] ?? 0), strides[axis] ?? 0]);
  return backend.output(shape, (out) => {
    if (sizeOf(shape) === 0) return;
    kernels().kernelCopy(backend.floats(x), Uint32Array.from(sizes), place(0, from), place(0, to), out);
  });
};

const rotary: NativeKernel = (call) => {
  const { backend, attributes } = call;
  const x = need(call, 'x');
  const [cos, sin] = [backend.floats(need(call, 'cos')), backend.floats(need(call, 'sin'))];
  const [heads = 1, width = 1] = x.shape.slice(-2);
  return backend.output(x.shape, (out) => {
    kernels().kernelRotary(backend.floats(x), cos, sin, heads, width, attributes['inverse'] === true, out);
  });
};

export const LAYOUT: ReadonlyMap<string, NativeKernel> = new Map([
  [tf.Slice, slice],
  [tf.SplitV, splitV],
  [tf.Unpack, unpack],
  [tf.Concat, concat],
  [tf.Pack, pack],
  [tf.PadV2, pad],
  [tf.Tile, tile],
  ['EigenloomRotary', rotary],
]);
