import { invalidInput } from '@eigenloom/errors';

/** The array of either precision. */
export type Real = Float32Array | Float64Array;

/**
 * What a decomposition of f32 is computed in. `f32`: errors of some units in its last place times a slow function of the size, as those of
 * PyTorch. `f64`: all of it in f64, rounded once, for what reads ranks or adds errors up. Decompositions of f64 are computed in f64.
 */
export type Precision = 'f32' | 'f64';

/** A dense matrix, row by row: element (i, j) is `data[i * columns + j]`. */
export interface Matrix<A extends Real = Real> {
  readonly rows: number;
  readonly columns: number;
  readonly data: A;
}

/** Fails with `SHAPE_MISMATCH` unless the data fit the shape. `name` is the argument's name. */
export function checkMatrix(name: string, matrix: Matrix): void {
  checkSize(`${name}.rows`, matrix.rows);
  checkSize(`${name}.columns`, matrix.columns);
  if (matrix.rows * matrix.columns !== matrix.data.length) {
    throw invalidInput(
      'SHAPE_MISMATCH',
      name,
      `${matrix.rows}x${matrix.columns} with ${matrix.data.length} elements`,
    );
  }
}

/** As `checkMatrix`, and fails with `SHAPE_MISMATCH` unless it is square. */
export function checkSquare(name: string, matrix: Matrix): void {
  checkMatrix(name, matrix);
  if (matrix.rows !== matrix.columns) {
    throw invalidInput('SHAPE_MISMATCH', name, `${matrix.rows}x${matrix.columns} is not square`);
  }
}

/** Fails with `OUT_OF_RANGE` unless the value is an integer from `least` to 2^32 − 1. */
export function checkSize(name: string, value: number, least = 0): void {
  if (!Number.isInteger(value) || value < least || value > 0xffff_ffff) {
    throw invalidInput('OUT_OF_RANGE', name, `${value} is not an integer from ${least}`);
  }
}

/** Fails with `PRECISION_MISMATCH` unless both matrices have the same precision. */
export function checkSamePrecision(name: string, a: Matrix, b: Matrix): void {
  if (a.data.BYTES_PER_ELEMENT !== b.data.BYTES_PER_ELEMENT) {
    throw invalidInput('PRECISION_MISMATCH', name, 'one matrix is f32, the other f64');
  }
}
