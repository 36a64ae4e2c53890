//! Linear systems A X = B and least squares min ‖A X − B‖.

use faer::linalg::householder::{
    apply_block_householder_sequence_transpose_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place as lower, solve_unit_lower_triangular_in_place as unit_lower,
    solve_upper_triangular_in_place as upper,
};
use faer::{Conj, Mat, MatRef};

use super::matrix::copy_blocked;
use super::memory::with_memory;
use super::scale::{Scaled, check_finite, scaled, scaled_evenly, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Scalar, View, cholesky, lu, parallelism, qr};
use crate::{Error, Reason, Result, Task};

/// How to solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// LU with partial pivoting, for any square matrix.
    Lu,
    /// Cholesky, for symmetric positive definite matrices; only the lower triangle is read.
    Cholesky,
    /// Forward substitution; only the lower triangle is read.
    Lower,
    /// Back substitution; only the upper triangle is read.
    Upper,
    /// QR, for at least as many rows as columns and full column rank.
    LeastSquares,
}

/// Solves for X (n × p), given `a` (m × n) and `b` (m × p). Fails with `Singular` when a pivot is exactly zero or the solution
/// overflows.
pub fn solve<T: Scalar>(
    a: View<'_, T>,
    b: View<'_, T>,
    method: Method,
    task: &Task,
) -> Result<Matrix<T>> {
    check_shapes(a, b, method)?;
    let left = match method {
        Method::Cholesky => scaled_evenly(a)?,
        _ => scaled(a)?,
    };
    let right = scaled(b)?;
    let x = solve_scaled(&left, &right, method, task)?;
    let mut x = Matrix::from_faer(x.as_ref().subrows(0, a.columns()));
    unscale(&mut x.data, right.exponent - left.exponent);
    check_finite(&x.data)
        .map_err(|_| Error::new(Reason::Singular, "singular to working precision"))?;
    Ok(x)
}

fn check_shapes<T: Scalar>(a: View<'_, T>, b: View<'_, T>, method: Method) -> Result<()> {
    if a.rows() != b.rows() {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!("{} rows against {}", a.rows(), b.rows()),
        ));
    }
    if method != Method::LeastSquares {
        a.square()?;
    } else if a.rows() < a.columns() {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!("{}x{} is underdetermined", a.rows(), a.columns()),
        ));
    }
    Ok(())
}

fn solve_scaled<T: Scalar>(
    left: &Scaled<T>,
    right: &Scaled<T>,
    method: Method,
    task: &Task,
) -> Result<Mat<T>> {
    let (a, b) = (&left.matrix, right.matrix.view().faer());
    let mut x = Mat::<T>::zeros(b.nrows(), b.ncols());
    copy_blocked(b, x.as_mut());
    let par = parallelism();
    match method {
        Method::Lu => {
            let factors = lu::Factors::new(a, task)?;
            check_pivots(factors.both.as_ref())?;
            for (row, &from) in factors.permutation.iter().enumerate() {
                x.row_mut(row).copy_from(b.row(from as usize));
            }
            watch(task, || {
                let both = watched(factors.both.as_ref());
                unit_lower(both, watched_mut(x.as_mut()), par);
                upper(both, watched_mut(x.as_mut()), par);
            })?;
        }
        Method::Cholesky => {
            let l = cholesky::factor(a, task)?;
            watch(task, || {
                let l = watched(l.as_ref());
                lower(l, watched_mut(x.as_mut()), par);
                upper(l.transpose(), watched_mut(x.as_mut()), par);
            })?;
        }
        Method::Lower => {
            check_pivots(a.view().faer())?;
            watch(task, || {
                lower(watched(a.view().faer()), watched_mut(x.as_mut()), par)
            })?;
        }
        Method::Upper => {
            check_pivots(a.view().faer())?;
            watch(task, || {
                upper(watched(a.view().faer()), watched_mut(x.as_mut()), par)
            })?;
        }
        Method::LeastSquares => least_squares(a, &mut x, task)?,
    }
    Ok(x)
}

fn least_squares<T: Scalar>(a: &Matrix<T>, x: &mut Mat<T>, task: &Task) -> Result<()> {
    let size = a.columns;
    if size == 0 {
        return Ok(());
    }
    let factors = qr::Factors::new(a.view().faer(), task)?;
    check_pivots(factors.basis.as_ref())?;
    let par = parallelism();
    let request = apply_scratch::<Watched<T>>(a.rows, factors.blocks.nrows(), x.ncols());
    with_memory(request, |stack| {
        watch(task, || {
            apply(
                watched(factors.basis.as_ref()),
                watched(factors.blocks.as_ref()),
                Conj::No,
                watched_mut(x.as_mut()),
                par,
                stack,
            );
            let r = factors.basis.as_ref().submatrix(0, 0, size, size);
            upper(
                watched(r),
                watched_mut(x.as_mut().subrows_mut(0, size)),
                par,
            );
        })
    })?
}

fn check_pivots<T: Scalar>(matrix: MatRef<'_, T>) -> Result<()> {
    let size = matrix.nrows().min(matrix.ncols());
    match (0..size).find(|&at| matrix[(at, at)] == T::default()) {
        Some(at) => Err(Error::new(Reason::Singular, format!("pivot {at} is zero"))),
        None => Ok(()),
    }
}
