//! QR decomposition A = Q R by blocked Householder reflections.

use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply,
};
use faer::linalg::qr::no_pivoting::factor::{
    qr_in_place, qr_in_place_scratch, recommended_block_size,
};
use faer::prelude::default;
use faer::{Conj, Mat, MatRef};

use super::matrix::copy_blocked;
use super::memory::with_memory;
use super::scale::{scaled, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Result, Task};

/// The thin decomposition, k = min(m, n).
#[derive(Debug, Clone)]
pub struct Qr<T> {
    /// m × k, orthonormal columns.
    pub q: Matrix<T>,
    /// k × n, upper triangular.
    pub r: Matrix<T>,
}

/// Decomposes `a` (m × n).
pub fn decompose<T: Scalar>(a: View<'_, T>, task: &Task) -> Result<Qr<T>> {
    let input = scaled(a)?;
    let factors = Factors::new(input.matrix.view().faer(), task)?;
    let mut r = factors.r();
    unscale(&mut r.data, input.exponent);
    let q = Matrix::from_faer(factors.q(task)?.as_ref());
    Ok(Qr { q, r })
}

/// The reflections below the diagonal, R on and above it.
pub(crate) struct Factors<T> {
    pub basis: Mat<T>,
    pub blocks: Mat<T>,
}

impl<T: Scalar> Factors<T> {
    /// Factors a matrix of unit scale.
    pub fn new(a: MatRef<'_, T>, task: &Task) -> Result<Self> {
        let (rows, columns) = (a.nrows(), a.ncols());
        let size = rows.min(columns);
        let block = recommended_block_size::<T>(rows, columns).max(1);
        let mut basis = Mat::<T>::zeros(rows, columns);
        copy_blocked(a, basis.as_mut());
        let mut blocks = Mat::<T>::zeros(block, size);
        let par = parallelism();
        if size > 0 {
            let request = qr_in_place_scratch::<Watched<T>>(rows, columns, block, par, default());
            with_memory(request, |stack| {
                watch(task, || {
                    let (basis, blocks) =
                        (watched_mut(basis.as_mut()), watched_mut(blocks.as_mut()));
                    qr_in_place(basis, blocks, par, stack, default());
                })
            })??;
        }
        Ok(Self { basis, blocks })
    }

    /// The thin Q, m × k.
    pub fn q(&self, task: &Task) -> Result<Mat<T>> {
        let (rows, size) = (self.basis.nrows(), self.blocks.ncols());
        let mut q = Mat::<T>::identity(rows, size);
        if size > 0 {
            let request = apply_scratch::<Watched<T>>(rows, self.blocks.nrows(), size);
            with_memory(request, |stack| {
                watch(task, || {
                    apply(
                        watched(self.basis.as_ref().subcols(0, size)),
                        watched(self.blocks.as_ref()),
                        Conj::No,
                        watched_mut(q.as_mut()),
                        parallelism(),
                        stack,
                    );
                })
            })??;
        }
        Ok(q)
    }

    /// R, k × n.
    pub fn r(&self) -> Matrix<T> {
        let (size, columns) = (self.blocks.ncols(), self.basis.ncols());
        let mut r = Matrix::zeros(size, columns);
        for row in 0..size {
            for column in row..columns {
                r.data[row * columns + column] = self.basis[(row, column)];
            }
        }
        r
    }
}
