//! Eigenvectors of a symmetric matrix by way of a tridiagonal one.

use faer::linalg::evd::tridiag::{TridiagParams, tridiag_in_place, tridiag_in_place_scratch};
use faer::{Auto, Mat};
use rayon::prelude::*;

use super::columns::Columns;
use super::reflectors::Reflectors;
use super::tridiagonal;
use crate::linalg::decomposition::SymmetricEigen;
use crate::linalg::matrix::copy_blocked;
use crate::linalg::memory::with_memory;
use crate::linalg::watched::{Watched, watch, watched_mut};
use crate::linalg::{Matrix, View, parallelism};
use crate::{Result, Task};

/// Decomposes a symmetric matrix of about unit scale, n ≥ 1, with its eigenvectors. Only the lower triangle is read.
pub(in crate::linalg) fn symmetric_eigen(
    a: View<'_, f32>,
    task: &Task,
) -> Result<SymmetricEigen<f32>> {
    let n = a.rows();
    let (form, q) = reduce(a, task)?;
    let diagonal: Vec<f64> = (0..n).map(|at| f64::from(form[(at, at)])).collect();
    let beside: Vec<f64> = (1..n).map(|at| f64::from(form[(at, at - 1)])).collect();
    let (values, vectors) = tridiagonal::decompose(&diagonal, &beside, task)?;
    let mut rows = Columns::zeros(n, n);
    rows.data
        .par_chunks_mut(n)
        .enumerate()
        .for_each(|(at, row)| {
            let column = vectors.col(at).try_as_col_major().expect("column-major");
            for (to, from) in row.iter_mut().zip(column.as_slice()) {
                *to = *from as f32;
            }
        });
    q.apply_to_rows(rows.by_rows_mut(), task)?;
    Ok(SymmetricEigen {
        values: values.into_iter().map(|value| value as f32).collect(),
        vectors: Some(Matrix::from_faer(rows.by_rows().transpose())),
    })
}

/// T on and below the diagonal, and Q, A = Q T Qᵀ.
fn reduce(a: View<'_, f32>, task: &Task) -> Result<(Mat<f32>, Reflectors)> {
    let n = a.rows();
    let mut form = Mat::<f32>::zeros(n, n);
    copy_blocked(a.faer(), form.as_mut());
    // faer's reflections are I − v vᵀ / τ; each with its own τ is a block of one.
    let mut taus = Mat::<f32>::zeros(1, n - 1);
    let par = parallelism();
    let params: TridiagParams = <TridiagParams as Auto<Watched<f32>>>::auto();
    let request = tridiag_in_place_scratch::<Watched<f32>>(n, par, params.into());
    with_memory(request, |stack| {
        watch(task, || {
            let (form, taus) = (watched_mut(form.as_mut()), watched_mut(taus.as_mut()));
            tridiag_in_place(form, taus, par, stack, params.into());
        })
    })??;
    let mut q = Reflectors::new(n - 1, n, 1);
    for k in 0..n - 1 {
        let mut v = vec![1.0; n - 1 - k];
        for (at, value) in v.iter_mut().enumerate().skip(1) {
            *value = form[(k + 1 + at, k)];
        }
        q.set(k, &v, taus[(0, k)].recip());
    }
    Ok((form, q))
}
