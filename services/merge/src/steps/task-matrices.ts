import type { MatrixRule, MergeStep } from '@eigenloom/numeric';

import { weightsOf } from './method-facts.js';
import type { TensorContext, TensorFacts, TensorMethod } from './tensor-method.js';

/** Working memory of one matrix. */
const LARGEST_BYTES = 1.5e9;
const F64_BYTES = 8;
const F32_BYTES = 4;
/** Panels of the models, and what is computed of them. */
const PANEL_BYTES = 165e6;
/** Multiply-adds of the eigenvalues and vectors of a matrix of size 1, by the time that they take. */
const EIGEN_OPERATIONS = 10;

type MatrixBytes = NonNullable<TensorFacts['matrixBytes']>;

type Shape = readonly number[];

const sizes = ([out = 1, ...others]: Shape): [number, number] => [
  out,
  others.reduce((product, size) => product * size, 1),
];

/**
 * Of methods on singular vectors: the result, and in f64 some five matrices of the size of the shorter side, for the decomposition of a
 * Gram matrix (measured with iso_cts, which has most of them: 344 MB for three models of 2048 × 2304).
 */
export const spectralBytes: MatrixBytes = (out, columns) =>
  PANEL_BYTES + F32_BYTES * out * columns + 5 * F64_BYTES * Math.min(out, columns) ** 2;

/** Of methods that weigh the columns of a matrix: the result in both precisions, and a few matrices of (in, in). */
export const columnBytes: MatrixBytes = (out, columns) =>
  PANEL_BYTES + (F32_BYTES + F64_BYTES) * out * columns + 4 * F64_BYTES * columns ** 2;

/** Multiply-adds of a method that decomposes so many Gram matrices and multiplies panels so often. */
export function spectralOperations(shape: Shape, decompositions: number, products: number): number {
  const [out, columns] = sizes(shape);
  const shorter = Math.min(out, columns);
  return decompositions * EIGEN_OPERATIONS * shorter ** 3 + products * out * columns * shorter;
}

/** Working memory of a tensor that is merged as a matrix, else 0. */
export const matrixBytesOf = (shape: Shape, bytes: MatrixBytes | undefined): number =>
  bytes !== undefined && isMatrix(shape, bytes) ? bytes(...sizes(shape)) : 0;

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
  { id, matrixBytes }: Pick<TensorMethod, 'id' | 'matrixBytes'>,
  tensors: readonly { readonly name: string; readonly shape: Shape; readonly merged: boolean }[],
): string[] {
  if (matrixBytes === undefined) return [];
  const large = tensors.filter(({ shape, merged }) => merged && isTooLarge(shape, matrixBytes));
  if (large.length === 0) return [];
  const shown = large.slice(0, 20).map(({ name }) => `\`${name}\``);
  const rest = large.length > shown.length ? ` and ${large.length - shown.length} more` : '';
  return [`Too large for ${id} and merged as vectors are: ${shown.join(', ')}${rest}`];
}
