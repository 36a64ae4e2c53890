//! Eigenvalues and eigenvectors of a symmetric matrix, A = V diag(w) Vᵀ.

use faer::diag::Diag;
use faer::linalg::evd::{
    ComputeEigenvectors, SelfAdjointEvdParams, self_adjoint_evd, self_adjoint_evd_scratch,
};
use faer::{Auto, Mat};

use super::decomposition::LEAF;
pub use super::decomposition::SymmetricEigen;
use super::memory::with_memory;
use super::scale::{Near, scaled, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Precision, Scalar, View, parallelism, single};
use crate::{Error, Reason, Result, Task};

/// Decomposes `a` (n × n), of which only the lower triangle is read. Values alone of f32 are computed in it whatever the precision: their
/// error is a few units in the last place of the largest.
pub fn decompose<T: Scalar>(
    a: View<'_, T>,
    vectors: bool,
    precision: Precision,
    task: &Task,
) -> Result<SymmetricEigen<T>> {
    let size = a.square()?;
    if let Some(narrow) = a.as_f32()
        && vectors
        && size > 0
    {
        return match precision {
            Precision::F32 => in_f32(narrow, task),
            Precision::F64 => in_f64(narrow, task),
        }
        .map(of_f32);
    }
    let input = scaled(a)?;
    let mut result = decompose_scaled(input.matrix.view(), vectors, task)?;
    unscale(&mut result.values, input.exponent);
    Ok(result)
}

fn in_f32(a: View<'_, f32>, task: &Task) -> Result<SymmetricEigen<f32>> {
    let input = Near::of(a)?;
    let mut result = single::symmetric_eigen(input.view(), task)?;
    unscale(&mut result.values, input.exponent);
    Ok(result)
}

fn in_f64(a: View<'_, f32>, task: &Task) -> Result<SymmetricEigen<f32>> {
    let data: Vec<f64> = a.data().iter().copied().map(f64::from).collect();
    let input = scaled(View::new(a.rows(), a.columns(), &data)?)?;
    let mut result = decompose_scaled(input.matrix.view(), true, task)?;
    unscale(&mut result.values, input.exponent);
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect();
    Ok(SymmetricEigen {
        values: narrow(result.values),
        vectors: result.vectors.map(|vectors| Matrix {
            rows: vectors.rows,
            columns: vectors.columns,
            data: narrow(vectors.data),
        }),
    })
}

fn of_f32<T: Scalar>(result: SymmetricEigen<f32>) -> SymmetricEigen<T> {
    SymmetricEigen {
        values: T::from_f32(result.values),
        vectors: result.vectors.map(|vectors| Matrix {
            rows: vectors.rows,
            columns: vectors.columns,
            data: T::from_f32(vectors.data),
        }),
    }
}

/// Of a matrix of which squares stay in range.
fn decompose_scaled<T: Scalar>(
    a: View<'_, T>,
    vectors: bool,
    task: &Task,
) -> Result<SymmetricEigen<T>> {
    let size = a.rows();
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
                    watched(a.faer()),
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
    Ok(SymmetricEigen {
        values: w.column_vector().iter().map(|value| value.0).collect(),
        vectors: vectors.then(|| Matrix::from_faer(v.as_ref())),
    })
}
