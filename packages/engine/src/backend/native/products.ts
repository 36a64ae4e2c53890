import * as tf from '@tensorflow/tfjs-core';
import { kernels } from '@eigenloom/numeric';
import { NONE, sizeOf } from './arrays.js';
import { areFloats, need, optional, type KernelCall, type NativeKernel } from './native-kernel.js';

interface Sides {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Where matrix `batch` of the result finds its own in an operand whose batch axes are broadcast. */
function batchIndex(batch: number, from: readonly number[], to: readonly number[]): number {
  let [rest, step, index] = [batch, 1, 0];
  for (let axis = 1; axis <= to.length; axis += 1) {
    const size = to[to.length - axis] ?? 1;
    const own = axis <= from.length ? (from[from.length - axis] ?? 1) : 1;
    if (own !== 1) index += (rest % size) * step;
    step *= own;
    rest = Math.floor(rest / size);
  }
  return index;
}

function product(call: KernelCall, { transposeA, transposeB }: Sides, bias: Float32Array): tf.TensorInfo {
  const [a, b] = [need(call, 'a'), need(call, 'b')];
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [rows, inner] = transposeA ? [k, m] : [m, k];
  const columns = b.shape.at(transposeB ? -2 : -1) ?? 0;
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const [ofA, ofB, all] = [sizeOf(batchA), sizeOf(batchB), sizeOf(batch)];
  const [x, y] = [call.backend.floats(a), call.backend.floats(b)];
  const multiply = (x: Float32Array, y: Float32Array, dims: readonly number[], out: Float32Array): void => {
    const sizes = Uint32Array.from(dims);
    kernels().kernelMatmul(x, y, bias, NONE, NONE, transposeA, transposeB, sizes, isHalf(call), out);
  };
  return call.backend.output([...batch, rows, columns], (out) => {
    if (out.length === 0) return;
    if (ofB === 1 && !transposeA) {
      multiply(x, y, [1, all * rows, columns, inner, 1, 1], out);
    } else if ((ofA === all || ofA === 1) && (ofB === all || ofB === 1)) {
      multiply(x, y, [all, rows, columns, inner, ofA, ofB], out);
    } else {
      const [sizeA, sizeB, size] = [rows * inner, inner * columns, rows * columns];
      for (let i = 0; i < all; i += 1) {
        const [atA, atB] = [batchIndex(i, batchA, batch) * sizeA, batchIndex(i, batchB, batch) * sizeB];
        const part = out.subarray(i * size, (i + 1) * size);
        multiply(
          x.subarray(atA, atA + sizeA),
          y.subarray(atB, atB + sizeB),
          [1, rows, columns, inner, 1, 1],
          part,
        );
      }
    }
  });
}

const isHalf = ({ backend }: KernelCall): boolean => backend.precision === 'bf16';

const sides = (attributes: Readonly<Record<string, unknown>>): Sides => ({
  transposeA: attributes['transposeA'] === true,
  transposeB: attributes['transposeB'] === true,
});

const batchMatMul: NativeKernel = (call) =>
  areFloats(need(call, 'a'), need(call, 'b')) ? product(call, sides(call.attributes), NONE) : undefined;

const fusedMatMul: NativeKernel = (call) => {
  const [a, b, bias] = [need(call, 'a'), need(call, 'b'), call.inputs['bias']];
  const columns = b.shape.at(call.attributes['transposeB'] === true ? -2 : -1);
  const plain =
    bias === undefined || (bias.shape.length === 1 && bias.shape[0] === columns && areFloats(bias));
  const linear = (call.attributes['activation'] ?? 'linear') === 'linear';
  if (!plain || !linear || !areFloats(a, b)) return undefined;
  return product(call, sides(call.attributes), bias === undefined ? NONE : call.backend.floats(bias));
};

const linear: NativeKernel = (call) => {
  const [x, w] = [need(call, 'x'), need(call, 'w')];
  const [bias, addend] = [optional(call, 'b'), optional(call, 'addend')];
  const [columns, inner] = w.shape as [number, number];
  const rows = sizeOf(x.shape.slice(0, -1));
  const { backend } = call;
  return backend.output([...x.shape.slice(0, -1), columns], (out) => {
    weigh(
      call,
      { left: x, w, isTransposed: true, after: [bias, addend, NONE], sizes: [rows, columns, inner] },
      out,
    );
  });
};

const linearInput: NativeKernel = (call) => {
  const [dy, w] = [need(call, 'dy'), need(call, 'w')];
  const [inner, columns] = w.shape as [number, number];
  const rows = sizeOf(dy.shape.slice(0, -1));
  const [before, slopeAt] = [optional(call, 'before'), optional(call, 'slopeAt')];
  const { backend } = call;
  return backend.output([...dy.shape.slice(0, -1), columns], (out) => {
    weigh(
      call,
      { left: dy, w, isTransposed: false, after: [NONE, before, slopeAt], sizes: [rows, columns, inner] },
      out,
    );
  });
};

interface Weighing {
  readonly left: tf.TensorInfo;
  readonly w: tf.TensorInfo;
  readonly isTransposed: boolean;
  /** A bias, an addend, and where the slope of GELU is taken. */
  readonly after: readonly [Float32Array, Float32Array, Float32Array];
  /** Rows, columns and terms. */
  readonly sizes: readonly [number, number, number];
}

/** left · w, or its transpose, with a weight that may be frozen. */
function weigh(call: KernelCall, { left, w, isTransposed, after, sizes }: Weighing, out: Float32Array): void {
  const { backend } = call;
  const [x, frozen, half] = [backend.floats(left), backend.frozen(w), isHalf(call)];
  if (frozen !== undefined) {
    const { bytes, code } = frozen;
    kernels().kernelMatmulFrozen(x, bytes, code, ...after, isTransposed, Uint32Array.from(sizes), half, out);
  } else {
    const dims = Uint32Array.of(1, ...sizes, 1, 1);
    kernels().kernelMatmul(x, backend.floats(w), ...after, false, isTransposed, dims, half, out);
  }
}

export const PRODUCTS: ReadonlyMap<string, NativeKernel> = new Map([
  [tf.BatchMatMul, batchMatMul],
  [tf._FusedMatMul, fusedMatMul],
  ['EigenloomLinear', linear],
  ['EigenloomLinearInputGradient', linearInput],
]);
