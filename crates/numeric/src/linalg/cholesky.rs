//! Cholesky decomposition A = L Lᵀ of a symmetric positive definite matrix.

use faer::Mat;
use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::prelude::default;

use super::matrix::copy_blocked;
use super::memory::with_memory;
use super::scale::{scaled_evenly, unscale};
use super::watched::{Watched, watch, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Error, Reason, Result, Task};

/// The lower triangle L (n × n). Only the lower triangle of `a` is read. Fails with `Singular`, naming the column, if `a` is not
/// positive definite.
pub fn decompose<T: Scalar>(a: View<'_, T>, task: &Task) -> Result<Matrix<T>> {
    a.square()?;
    let input = scaled_evenly(a)?;
    let mut l = Matrix::from_faer(factor(&input.matrix, task)?.as_ref());
    unscale(&mut l.data, input.exponent / 2);
    Ok(l)
}

/// L of a matrix of unit scale; zeros above the diagonal.
pub(crate) fn factor<T: Scalar>(a: &Matrix<T>, task: &Task) -> Result<Mat<T>> {
    let size = a.rows;
    let mut l = Mat::<T>::zeros(size, size);
    copy_blocked(a.view().faer(), l.as_mut());
    if size == 0 {
        return Ok(l);
    }
    let par = parallelism();
    let request = cholesky_in_place_scratch::<Watched<T>>(size, par, default());
    with_memory(request, |stack| {
        watch(task, || {
            let l = watched_mut(l.as_mut());
            cholesky_in_place(l, Default::default(), par, stack, default())
        })
    })??
    .map_err(|LltError::NonPositivePivot { index }| {
        Error::new(
            Reason::Singular,
            format!("not positive definite at column {index}"),
        )
    })?;
    for column in 1..size {
        for row in 0..column {
            l[(row, column)] = T::default();
        }
    }
    Ok(l)
}
