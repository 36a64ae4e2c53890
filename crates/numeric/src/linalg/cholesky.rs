//! Cholesky decomposition A = L Lᵀ of a symmetric positive definite matrix.

use faer::linalg::cholesky::llt::factor::{LltError, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::triangular_solve::{
    solve_lower_triangular_in_place as lower, solve_upper_triangular_in_place as upper,
};
use faer::prelude::default;
use faer::{Mat, MatMut};

use super::matrix::copy_blocked;
use super::memory::with_memory;
use super::scale::{scaled_evenly, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
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

/// A decomposition that many right-hand sides are solved with.
pub(crate) struct Factors {
    l: Mat<f64>,
    exponent: i32,
}

impl Factors {
    /// Of `a` (n × n), of which only the lower triangle is read. Fails with `Singular` also where the pivots say that rounding errors
    /// of `a` itself could make it singular.
    pub fn new(a: View<'_, f64>, task: &Task) -> Result<Self> {
        let size = a.square()?;
        let input = scaled_evenly(a)?;
        let l = factor(&input.matrix, task)?;
        let pivots = (0..size).map(|at| l[(at, at)] * l[(at, at)]);
        let (smallest, largest) = pivots.fold((f64::INFINITY, 0.0f64), |(low, high), pivot| {
            (low.min(pivot), high.max(pivot))
        });
        if smallest <= largest * size as f64 * f64::EPSILON {
            return Err(Error::new(
                Reason::Singular,
                format!("pivots of a Cholesky decomposition from {largest:e} to {smallest:e}"),
            ));
        }
        Ok(Self {
            l,
            exponent: input.exponent,
        })
    }

    /// Solves A X = B in place, column by column of B.
    pub fn solve(&self, mut b: MatMut<'_, f64>, task: &Task) -> Result<()> {
        let par = parallelism();
        watch(task, || {
            let l = watched(self.l.as_ref());
            lower(l, watched_mut(b.as_mut()), par);
            upper(l.transpose(), watched_mut(b.as_mut()), par);
        })?;
        for column in b.col_iter_mut() {
            for value in column.iter_mut() {
                *value = value.times_power_of_two(-self.exponent);
            }
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::super::testing::normal;
    use super::*;
    use crate::linalg::gemm::multiply_into;

    #[test]
    fn factors_solve_at_any_scale() {
        let x = normal::<f64>(30, 9, 1);
        let right = normal::<f64>(9, 4, 2);
        for exponent in [-400, 0, 301] {
            let mut a = Matrix::zeros(9, 9);
            let view = x.view().faer();
            multiply_into(a.faer_mut(), view.transpose(), view, &Task::new()).unwrap();
            for value in &mut a.data {
                *value = value.times_power_of_two(exponent);
            }
            let mut solution = right.clone();
            let factors = Factors::new(a.view(), &Task::new()).unwrap();
            factors.solve(solution.faer_mut(), &Task::new()).unwrap();
            let mut again = Matrix::zeros(9, 4);
            let (a, solution) = (a.view().faer(), solution.view().faer());
            multiply_into(again.faer_mut(), a, solution, &Task::new()).unwrap();
            for (mine, other) in again.data.iter().zip(&right.data) {
                assert!((mine - other).abs() < 1e-12, "{mine} {other}");
            }
        }
    }

    #[test]
    fn what_rounding_could_make_singular_is_refused() {
        // Rank 3 of 5: the pivots of the others are rounding errors.
        let x = normal::<f64>(3, 5, 1);
        let mut a = Matrix::zeros(5, 5);
        let view = x.view().faer();
        multiply_into(a.faer_mut(), view.transpose(), view, &Task::new()).unwrap();
        let error = Factors::new(a.view(), &Task::new()).err().unwrap();
        assert_eq!(error.reason, Reason::Singular);
    }
}
