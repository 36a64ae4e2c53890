//! Matrices and error measures of the tests. Errors are computed in f64.

use super::{Matrix, Scalar, gemm};
use crate::Task;
use crate::random::Stream;

/// Standard normal elements.
pub(crate) fn normal<T: Scalar>(rows: usize, columns: usize, stream: u64) -> Matrix<T> {
    let mut matrix = Matrix::zeros(rows, columns);
    Stream { seed: 1, stream }.normal(0, &mut matrix.data);
    matrix
}

/// A product of normal factors: rank at most `rank`.
pub(crate) fn of_rank<T: Scalar>(rows: usize, columns: usize, rank: usize) -> Matrix<T> {
    product(&normal(rows, rank, 1), &normal(rank, columns, 2))
}

pub(crate) fn scaled_by<T: Scalar>(matrix: &Matrix<T>, factor: f64) -> Matrix<T> {
    let data = matrix
        .data
        .iter()
        .map(|value| T::round_from(value.widen() * factor))
        .collect();
    Matrix {
        data,
        ..matrix.clone()
    }
}

pub(crate) fn product<T: Scalar>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<T> {
    gemm::multiply(a.view(), false, b.view(), false, &Task::new()).unwrap()
}

pub(crate) fn transposed<T: Scalar>(a: &Matrix<T>) -> Matrix<T> {
    Matrix::from_faer(a.view().faer().transpose())
}

/// The same elements in f64, divided by `unit` so that squares stay in range.
pub(crate) fn wide<T: Scalar>(a: &Matrix<T>, unit: f64) -> Matrix<f64> {
    Matrix {
        rows: a.rows,
        columns: a.columns,
        data: a.data.iter().map(|value| value.widen() / unit).collect(),
    }
}

pub(crate) fn norm(a: &Matrix<f64>) -> f64 {
    a.data.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// ‖A − B‖ / ‖A‖ in the Frobenius norm; ‖B‖ if A is zero.
pub(crate) fn relative_error(a: &Matrix<f64>, b: &Matrix<f64>) -> f64 {
    assert_eq!((a.rows, a.columns), (b.rows, b.columns));
    let difference = Matrix {
        data: a.data.iter().zip(&b.data).map(|(a, b)| a - b).collect(),
        ..a.clone()
    };
    let size = norm(a);
    norm(&difference) / if size == 0.0 { 1.0 } else { size }
}

/// ‖Qᵀ Q − I‖ / ‖I‖ in the Frobenius norm.
pub(crate) fn orthogonality<T: Scalar>(q: &Matrix<T>) -> f64 {
    let q = wide(q, 1.0);
    relative_error(&identity(q.columns), &product(&transposed(&q), &q))
}

pub(crate) fn identity(size: usize) -> Matrix<f64> {
    let mut result = Matrix::zeros(size, size);
    for at in 0..size {
        result.data[at * size + at] = 1.0;
    }
    result
}

/// What `work` gives on 1, 2 and 8 threads must be the same.
pub(crate) fn same_on_any_threads<R: PartialEq + Send>(work: impl Fn() -> R + Sync) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(&work)
    };
    let one = on(1);
    assert!(one == on(2), "2 threads give other bits than 1");
    assert!(one == on(8), "8 threads give other bits than 1");
}
