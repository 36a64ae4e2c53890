//! Singular value decomposition A = U Σ Vᵀ.

use faer::diag::Diag;
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::{Auto, Mat, MatRef};

use super::memory::with_memory;
use super::scale::{scaled, unscale};
use super::verify::reproduces;
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Error, Reason, Result, Task};

/// Sizes below which divide and conquer hands over to QR iterations, in the order tried. 32 is as fast as faer's 128 and halves the
/// error, since every QR iteration multiplies rotations into the vectors. The later ones are for results that [`reproduces`]
/// refuses; the last is QR iterations alone.
const LEAVES: [usize; 3] = [32, 128, usize::MAX];

/// Which singular vectors to compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors {
    /// The first min(m, n) on each side.
    Thin,
    /// All m and all n.
    Full,
    /// None.
    No,
}

/// Singular values, largest first, and the vectors asked for.
#[derive(Debug, Clone)]
pub struct Svd<T> {
    /// m × k, or m × m if full.
    pub u: Option<Matrix<T>>,
    /// k = min(m, n) values.
    pub s: Vec<T>,
    /// k × n, or n × n if full: the right singular vectors are its rows.
    pub vt: Option<Matrix<T>>,
}

/// Decomposes `a` (m × n).
pub fn decompose<T: Scalar>(a: View<'_, T>, vectors: Vectors, task: &Task) -> Result<Svd<T>> {
    let input = scaled(a)?;
    let mut result = decompose_scaled(input.matrix.view().faer(), vectors, task)?;
    unscale(&mut result.s, input.exponent);
    Ok(result)
}

/// Decomposes a matrix of unit scale. With vectors, f32 is computed in f64 and rounded once: errors of D&C in f32 itself grow to
/// 4e-6 at size 2048. Values alone stay in f32, whose error is a few units in the last place of the largest.
pub(crate) fn decompose_scaled<T: Scalar>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    task: &Task,
) -> Result<Svd<T>> {
    if vectors == Vectors::No || T::EPSILON == <f64 as Scalar>::EPSILON {
        return decompose_directly(a, vectors, task);
    }
    let wide = Mat::from_fn(a.nrows(), a.ncols(), |row, column| a[(row, column)].widen());
    let result = decompose_directly(wide.as_ref(), vectors, task)?;
    let narrow = |values: Vec<f64>| values.into_iter().map(T::round_from).collect();
    let narrow_matrix = |matrix: Matrix<f64>| Matrix {
        rows: matrix.rows,
        columns: matrix.columns,
        data: narrow(matrix.data),
    };
    Ok(Svd {
        u: result.u.map(narrow_matrix),
        s: narrow(result.s),
        vt: result.vt.map(narrow_matrix),
    })
}

fn decompose_directly<T: Scalar>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    task: &Task,
) -> Result<Svd<T>> {
    let wanted = vectors != Vectors::No;
    // Values alone need no divide and conquer: QR iterations without vectors are quadratic in the size.
    let leaves: &[usize] = if wanted { &LEAVES } else { &[usize::MAX] };
    for &leaf in leaves {
        let (u, s, v) = factor(a, vectors, leaf, task)?;
        if !wanted || reproduces(a, u.as_ref(), &s, v.as_ref()) {
            return Ok(Svd {
                u: wanted.then(|| Matrix::from_faer(u.as_ref())),
                s,
                vt: wanted.then(|| Matrix::from_faer(v.transpose())),
            });
        }
    }
    Err(Error::new(Reason::NoConvergence, "singular values"))
}

/// U, the values, and V.
type Factors<T> = (Mat<T>, Vec<T>, Mat<T>);

fn factor<T: Scalar>(
    a: MatRef<'_, T>,
    vectors: Vectors,
    leaf: usize,
    task: &Task,
) -> Result<Factors<T>> {
    let (rows, columns) = (a.nrows(), a.ncols());
    let size = rows.min(columns);
    let (compute, left, right) = match vectors {
        Vectors::No => (ComputeSvdVectors::No, 0, 0),
        Vectors::Thin => (ComputeSvdVectors::Thin, size, size),
        Vectors::Full => (ComputeSvdVectors::Full, rows, columns),
    };
    let wanted = vectors != Vectors::No;
    let mut u = Mat::<T>::identity(rows, left);
    let mut v = Mat::<T>::identity(columns, right);
    let mut s = Diag::<Watched<T>>::zeros(size);
    let par = parallelism();
    let mut params: SvdParams = <SvdParams as Auto<Watched<T>>>::auto();
    params.recursion_threshold = leaf;
    if size > 0 {
        let request =
            svd_scratch::<Watched<T>>(rows, columns, compute, compute, par, params.into());
        with_memory(request, |stack| {
            watch(task, || {
                svd(
                    watched(a),
                    s.as_mut(),
                    wanted.then(|| watched_mut(u.as_mut())),
                    wanted.then(|| watched_mut(v.as_mut())),
                    par,
                    stack,
                    params.into(),
                )
            })
        })??
        .map_err(|_| Error::new(Reason::NoConvergence, "singular values"))?;
    }
    let values = s.column_vector().iter().map(|value| value.0).collect();
    Ok((u, values, v))
}
