import type { Matrix, Precision, Real } from '../matrix.js';
import type { NativeTask } from '../native/native-task.js';

/** Functions of the addon; the names and the order of arguments are those of crates/numeric-node/src/linalg. */
export interface NativeLinalg {
  matmul<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    transposeA: boolean,
    b: Matrix<A>,
    transposeB: boolean,
  ): Promise<Matrix<A>>;
  svd<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    vectors: 'thin' | 'full' | 'none',
    precision: Precision,
  ): Promise<{ u?: Matrix<A>; s: A; vt?: Matrix<A> }>;
  randomizedSvd<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    rank: number,
    oversampling: number,
    powerIterations: number,
    seed: bigint,
    precision: Precision,
  ): Promise<{ u?: Matrix<A>; s: A; vt?: Matrix<A> }>;
  qr<A extends Real>(task: NativeTask, a: Matrix<A>): Promise<{ q: Matrix<A>; r: Matrix<A> }>;
  lu<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
  ): Promise<{ l: Matrix<A>; u: Matrix<A>; permutation: Uint32Array }>;
  cholesky<A extends Real>(task: NativeTask, a: Matrix<A>): Promise<Matrix<A>>;
  symmetricEigen<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    vectors: boolean,
    precision: Precision,
  ): Promise<{ values: A; vectors?: Matrix<A> }>;
  eigen<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    vectors: boolean,
  ): Promise<{ real: A; imaginary: A; vectors?: { real: Matrix<A>; imaginary: Matrix<A> } }>;
  solve<A extends Real>(
    task: NativeTask,
    a: Matrix<A>,
    b: Matrix<A>,
    method: 'lu' | 'cholesky' | 'lower' | 'upper' | 'leastSquares',
  ): Promise<Matrix<A>>;
}
