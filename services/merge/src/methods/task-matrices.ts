import type { MatrixRule, MergeStep } from '@eigenloom/numeric';

import { type MergeMethod, type TensorContext, weightsOf } from './method.js';

/** Working memory of one matrix. */
const LARGEST_BYTES = 1.5e9;
const F64_BYTES = 8;
const F32_BYTES = 4;

type MatrixBytes = NonNullable<MergeMethod['matrixBytes']>;

/**
 * Of methods on singular vectors: the result, and in f64 matrices of the size of the shorter side: the Gram matrix, its decomposition and
 * what that works with, vectors and coefficients.
 */
export const spectralBytes: MatrixBytes = (out, columns) =>
  F32_BYTES * out * columns + 9 * F64_BYTES * Math.min(out, columns) ** 2;

/** Of methods that weigh the columns of a matrix: the result in both precisions, and a few matrices of (in, in). */
export const columnBytes: MatrixBytes = (out, columns) =>
  (F32_BYTES + F64_BYTES) * out * columns + 4 * F64_BYTES * columns ** 2;

type Shape = readonly number[];

const sizes = ([out = 1, ...others]: Shape): [number, number] => [
  out,
  others.reduce((product, size) => product * size, 1),
];

/** Whether a tensor is a matrix that is too large for a method; vectors are not. */
export const isTooLarge = (shape: Shape, bytes: MatrixBytes): boolean =>
  shape.length > 1 && bytes(...sizes(shape)) > LARGEST_BYTES;

/** Whether a tensor is merged as a matrix. */
export const isMatrix = (shape: Shape, bytes: MatrixBytes): boolean =>
  shape.length > 1 && !isTooLarge(shape, bytes);

/** θ₀ + λ times what a rule makes of the matrices of wᵢτᵢ; of vectors their mean. */
export function mergeMatrices(
  { shape, models }: TensorContext,
  bytes: MatrixBytes,
  rule: MatrixRule,
  lambda: number,
): MergeStep[] {
  const weights = weightsOf(models);
  const matrix = isMatrix(shape, bytes);
  return [
    { step: 'delta' },
    { step: 'weigh', weights },
    matrix ? { step: 'matrix', rule } : { step: 'sum', divisor: 'one', weights },
    { step: 'scale', factor: matrix ? lambda : lambda / models.length },
    { step: 'add_base' },
  ];
}

/** What the card says of matrices that are too large for a method. */
export function largeMatrixNotes(
  { id, matrixBytes }: Pick<MergeMethod, 'id' | 'matrixBytes'>,
  tensors: readonly { readonly name: string; readonly shape: Shape; readonly merged: boolean }[],
): string[] {
  if (matrixBytes === undefined) return [];
  const large = tensors.filter(({ shape, merged }) => merged && isTooLarge(shape, matrixBytes));
  if (large.length === 0) return [];
  const shown = large.slice(0, 20).map(({ name }) => `\`${name}\``);
  const rest = large.length > shown.length ? ` and ${large.length - shown.length} more` : '';
  return [`Too large for ${id} and merged as vectors are: ${shown.join(', ')}${rest}`];
}
