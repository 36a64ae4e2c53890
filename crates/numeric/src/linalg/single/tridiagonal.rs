//! Eigenvalues and eigenvectors of a symmetric tridiagonal matrix in f64, by divide and conquer.

use faer::Auto;
use faer::Mat;
use faer::diag::Diag;
use faer::linalg::evd::{
    ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd_scratch,
    tridiagonal_self_adjoint_evd,
};

use crate::linalg::decomposition::LEAF;
use crate::linalg::memory::with_memory;
use crate::linalg::parallelism;
use crate::linalg::watched::{Watched, watch, watched_mut};
use crate::{Error, Reason, Result, Task};

/// n values in ascending order, and the vectors as columns, of the matrix with n elements on the diagonal and the first n − 1 of `beside`
/// on both sides of it.
pub(super) fn decompose(
    diagonal: &[f64],
    beside: &[f64],
    task: &Task,
) -> Result<(Vec<f64>, Mat<f64>)> {
    let n = diagonal.len();
    let filled = |source: &[f64]| {
        let mut target = Diag::<Watched<f64>>::zeros(n);
        for (at, value) in source.iter().enumerate() {
            target[at] = Watched(*value);
        }
        target
    };
    let (diagonal, beside) = (filled(diagonal), filled(beside));
    let mut values = filled(&[]);
    let mut vectors = Mat::<f64>::zeros(n, n);
    let par = parallelism();
    let mut params: SelfAdjointEvdParams = <SelfAdjointEvdParams as Auto<Watched<f64>>>::auto();
    params.recursion_threshold = LEAF;
    let yes = ComputeEigenvectors::Yes;
    let request = self_adjoint_evd_scratch::<Watched<f64>>(n, yes, par, params.into());
    with_memory(request, |stack| {
        watch(task, || {
            tridiagonal_self_adjoint_evd(
                diagonal.as_ref(),
                beside.as_ref(),
                values.as_mut(),
                Some(watched_mut(vectors.as_mut())),
                par,
                stack,
                params.into(),
            )
        })
    })??
    .map_err(|_| Error::new(Reason::NoConvergence, "a tridiagonal matrix"))?;
    let values = values.column_vector().iter().map(|value| value.0).collect();
    Ok((values, vectors))
}
