//! LU decomposition with partial pivoting.

use faer::Mat;
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::prelude::default;

use super::matrix::copy_blocked;
use super::memory::with_memory;
use super::scale::{scaled, unscale};
use super::watched::{Watched, watch, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Result, Task};

/// Row `permutation[i]` of A is row i of L U, k = min(m, n).
#[derive(Debug, Clone)]
pub struct Lu<T> {
    /// m × k, unit lower triangular.
    pub l: Matrix<T>,
    /// k × n, upper triangular.
    pub u: Matrix<T>,
    /// m row numbers.
    pub permutation: Vec<u32>,
}

/// Decomposes `a` (m × n). A singular matrix has zeros on the diagonal of U.
pub fn decompose<T: Scalar>(a: View<'_, T>, task: &Task) -> Result<Lu<T>> {
    let input = scaled(a)?;
    let factors = Factors::new(&input.matrix, task)?;
    let (rows, columns) = (a.rows(), a.columns());
    let size = rows.min(columns);
    let mut l = Matrix::zeros(rows, size);
    let mut u = Matrix::zeros(size, columns);
    for row in 0..rows {
        for column in 0..size.min(row) {
            l.data[row * size + column] = factors.both[(row, column)];
        }
        if row < size {
            l.data[row * size + row] = T::one_impl();
            for column in row..columns {
                u.data[row * columns + column] = factors.both[(row, column)];
            }
        }
    }
    unscale(&mut u.data, input.exponent);
    Ok(Lu {
        l,
        u,
        permutation: factors.permutation,
    })
}

/// L below the diagonal, U on and above it.
pub(crate) struct Factors<T> {
    pub both: Mat<T>,
    pub permutation: Vec<u32>,
}

impl<T: Scalar> Factors<T> {
    /// Factors a matrix of unit scale.
    pub fn new(a: &Matrix<T>, task: &Task) -> Result<Self> {
        let (rows, columns) = (a.rows, a.columns);
        let mut both = Mat::<T>::zeros(rows, columns);
        copy_blocked(a.view().faer(), both.as_mut());
        let mut permutation: Vec<u32> = (0..rows as u32).collect();
        let mut inverse = permutation.clone();
        let par = parallelism();
        if rows > 0 && columns > 0 {
            let request = lu_in_place_scratch::<u32, Watched<T>>(rows, columns, par, default());
            with_memory(request, |stack| {
                watch(task, || {
                    let both = watched_mut(both.as_mut());
                    lu_in_place(both, &mut permutation, &mut inverse, par, stack, default());
                })
            })??;
        }
        Ok(Self { both, permutation })
    }
}
