//! Eigenvalues and eigenvectors of a symmetric matrix, A = V diag(w) Vᵀ.

use faer::diag::Diag;
use faer::linalg::evd::{
    ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch,
};
use faer::{Auto, Mat};

use super::memory::with_memory;
use super::scale::{scaled, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Error, Reason, Result, Task};

/// Size below which divide and conquer hands over to QR iterations; see the same number for singular values.
const LEAF: usize = 32;

/// Eigenvalues in ascending order, and the eigenvectors if asked for.
#[derive(Debug, Clone)]
pub struct SymmetricEigen<T> {
    /// n values.
    pub values: Vec<T>,
    /// n × n, the eigenvectors are its columns.
    pub vectors: Option<Matrix<T>>,
}

/// Decomposes `a` (n × n), of which only the lower triangle is read.
pub fn decompose<T: Scalar>(
    a: View<'_, T>,
    vectors: bool,
    task: &Task,
) -> Result<SymmetricEigen<T>> {
    let size = a.square()?;
    let input = scaled(a)?;
    let mut v = Mat::<T>::zeros(size, if vectors { size } else { 0 });
    let mut w = Diag::<Watched<T>>::zeros(size);
    let compute = if vectors {
        ComputeEigenvectors::Yes
    } else {
        ComputeEigenvectors::No
    };
    let par = parallelism();
    let mut params: SelfAdjointEvdParams = <SelfAdjointEvdParams as Auto<Watched<T>>>::auto();
    params.recursion_threshold = LEAF;
    if size > 0 {
        let request = self_adjoint_evd_scratch::<Watched<T>>(size, compute, par, params.into());
        with_memory(request, |stack| {
            watch(task, || {
                self_adjoint_evd(
                    watched(input.matrix.view().faer()),
                    w.as_mut(),
                    vectors.then(|| watched_mut(v.as_mut())),
                    par,
                    stack,
                    params.into(),
                )
            })
        })??
        .map_err(|_| Error::new(Reason::NoConvergence, "eigenvalues"))?;
    }
    let mut values: Vec<T> = w.column_vector().iter().map(|value| value.0).collect();
    unscale(&mut values, input.exponent);
    Ok(SymmetricEigen {
        values,
        vectors: vectors.then(|| Matrix::from_faer(v.as_ref())),
    })
}
