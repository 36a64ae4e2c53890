//! Singular value decomposition A = U Σ Vᵀ.

use faer::diag::Diag;
use faer::linalg::svd::{ComputeSvdVectors, SvdParams, svd, svd_scratch};
use faer::{Auto, Mat, MatRef};

pub use super::decomposition::Svd;
use super::memory::with_memory;
use super::scale::{Near, scaled, unscale};
use super::verify::{is_orthonormal, reproduces};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Precision, Scalar, View, parallelism, single};
use crate::{Error, Reason, Result, Task};

/// Sizes below which divide and conquer hands over to QR iterations, in the order tried. 32 is as fast as faer's 128 and halves the
/// error, since every QR iteration multiplies rotations into the vectors. The later ones are for results that [`reproduces`]
/// refuses; the last is QR iterations alone.
const LEAVES: [usize; 3] = [32, 128, usize::MAX];

/// Units in the last place, relative to ‖A‖: above every sound decomposition, far below a wrong root.
const WRONG: f64 = 200.0;

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

/// Decomposes `a` (m × n). All vectors, beyond the thin ones, are computed in f64 whatever the precision.
pub fn decompose<T: Scalar>(
    a: View<'_, T>,
    vectors: Vectors,
    precision: Precision,
    task: &Task,
) -> Result<Svd<T>> {
    let narrow = a
        .as_f32()
        .filter(|_| precision == Precision::F32 && vectors != Vectors::Full);
    if let Some(narrow) = narrow
        && let Some(result) = in_f32(narrow, vectors, task)?
    {
        return Ok(of_f32(result));
    }
    let input = scaled(a)?;
    let mut result = in_f64(input.matrix.view().faer(), vectors, task)?;
    unscale(&mut result.s, input.exponent);
    Ok(result)
}

/// Most that a result of f32 may be off, and its vectors from orthonormal: what is promised up to size 2048, growing with its root beyond.
/// A matrix whose elements are all rounded alike, such as one of ones, comes out with errors that add up, and above it.
fn most_error(size: usize) -> f64 {
    3e-6 * (size as f64 / 2048.0).max(1.0).sqrt()
}

/// None if the result does not multiply back to `a`, or its vectors are not orthonormal.
fn in_f32(a: View<'_, f32>, vectors: Vectors, task: &Task) -> Result<Option<Svd<f32>>> {
    if a.data().is_empty() {
        return Ok(None);
    }
    let input = Near::of(a)?;
    let (a, wanted) = (input.view(), vectors != Vectors::No);
    let mut result = match single::svd(a, wanted, task) {
        Err(error) if error.reason == Reason::NoConvergence => return Ok(None),
        result => result?,
    };
    if let (Some(u), Some(vt)) = (&result.u, &result.vt) {
        let (u, v) = (u.view().faer(), vt.view().faer().transpose());
        let tolerance = most_error(a.rows().max(a.columns()));
        let sound = reproduces(a.faer(), u, &result.s, v, tolerance)
            && is_orthonormal(u, tolerance)
            && is_orthonormal(v, tolerance);
        if !sound {
            return Ok(None);
        }
    }
    unscale(&mut result.s, input.exponent);
    Ok(Some(result))
}

/// Of the type it was asked for.
pub(crate) fn of_f32<T: Scalar>(result: Svd<f32>) -> Svd<T> {
    let matrix = |matrix: Matrix<f32>| Matrix {
        rows: matrix.rows,
        columns: matrix.columns,
        data: T::from_f32(matrix.data),
    };
    Svd {
        u: result.u.map(matrix),
        s: T::from_f32(result.s),
        vt: result.vt.map(matrix),
    }
}

/// Decomposes a matrix of unit scale in f64, and rounds once.
pub(crate) fn in_f64<T: Scalar>(a: MatRef<'_, T>, vectors: Vectors, task: &Task) -> Result<Svd<T>> {
    if T::EPSILON == <f64 as Scalar>::EPSILON {
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
        let (u, s, v) = in_order(factor(a, vectors, leaf, task)?);
        let tolerance = WRONG * T::EPSILON;
        if !wanted || reproduces(a, u.as_ref(), &s, v.as_ref(), tolerance) {
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

/// Largest value first: faer leaves values that are rounding errors of zeros as they come.
fn in_order<T: Scalar>((u, s, v): Factors<T>) -> Factors<T> {
    if s.is_sorted_by(|left, right| left >= right) {
        return (u, s, v);
    }
    let mut order: Vec<usize> = (0..s.len()).collect();
    order.sort_by(|left, right| s[*right].widen().total_cmp(&s[*left].widen()));
    let columns = |side: Mat<T>| {
        let from = |column: usize| order.get(column).copied().unwrap_or(column);
        Mat::from_fn(side.nrows(), side.ncols(), |row, column| {
            side[(row, from(column))]
        })
    };
    let values = order.iter().map(|at| s[*at]).collect();
    (columns(u), values, columns(v))
}

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
