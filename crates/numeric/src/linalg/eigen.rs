//! Eigenvalues and right eigenvectors of a general real matrix, A v = λ v.

use faer::Mat;
use faer::diag::Diag;
use faer::linalg::evd::{ComputeEigenvectors, evd_real, evd_scratch};
use faer::prelude::default;

use super::memory::with_memory;
use super::scale::{scaled, unscale};
use super::watched::{Watched, watch, watched, watched_mut};
use super::{Matrix, Scalar, View, parallelism};
use crate::{Error, Reason, Result, Task};

/// Complex eigenvalues in no particular order, conjugates side by side with the positive imaginary part first.
#[derive(Debug, Clone)]
pub struct Eigen<T> {
    /// Real parts, n.
    pub real: Vec<T>,
    /// Imaginary parts, n.
    pub imaginary: Vec<T>,
    /// The eigenvectors' real and imaginary parts, each n × n, column by column, of unit length.
    pub vectors: Option<(Matrix<T>, Matrix<T>)>,
}

/// Decomposes `a` (n × n).
pub fn decompose<T: Scalar>(a: View<'_, T>, vectors: bool, task: &Task) -> Result<Eigen<T>> {
    let size = a.square()?;
    let input = scaled(a)?;
    let mut packed = Mat::<T>::zeros(size, if vectors { size } else { 0 });
    let mut real = Diag::<Watched<T>>::zeros(size);
    let mut imaginary = Diag::<Watched<T>>::zeros(size);
    let right = if vectors {
        ComputeEigenvectors::Yes
    } else {
        ComputeEigenvectors::No
    };
    let par = parallelism();
    if size > 0 {
        let request =
            evd_scratch::<Watched<T>>(size, ComputeEigenvectors::No, right, par, default());
        with_memory(request, |stack| {
            watch(task, || {
                evd_real(
                    watched(input.matrix.view().faer()),
                    real.as_mut(),
                    imaginary.as_mut(),
                    None,
                    vectors.then(|| watched_mut(packed.as_mut())),
                    par,
                    stack,
                    default(),
                )
            })
        })??
        .map_err(|_| Error::new(Reason::NoConvergence, "eigenvalues"))?;
    }
    let take = |diagonal: &Diag<Watched<T>>| -> Vec<T> {
        diagonal
            .column_vector()
            .iter()
            .map(|value| value.0)
            .collect()
    };
    let (mut real, mut imaginary) = (take(&real), take(&imaginary));
    let vectors = vectors.then(|| unpack(&packed, &imaginary));
    unscale(&mut real, input.exponent);
    unscale(&mut imaginary, input.exponent);
    Ok(Eigen {
        real,
        imaginary,
        vectors,
    })
}

/// A conjugate pair's columns j and j + 1 hold the real and the imaginary part of the first vector.
fn unpack<T: Scalar>(packed: &Mat<T>, imaginary: &[T]) -> (Matrix<T>, Matrix<T>) {
    let size = packed.nrows();
    let mut re = Matrix::zeros(size, size);
    let mut im = Matrix::zeros(size, size);
    let mut column = 0;
    while column < size {
        let complex = imaginary[column] != T::default();
        let length = norm(packed, column, if complex { 2 } else { 1 });
        for row in 0..size {
            let at = row * size + column;
            let first = T::round_from(packed[(row, column)].widen() / length);
            re.data[at] = first;
            if complex {
                let second = T::round_from(packed[(row, column + 1)].widen() / length);
                (im.data[at], re.data[at + 1], im.data[at + 1]) = (second, first, -second);
            }
        }
        column += if complex { 2 } else { 1 };
    }
    (re, im)
}

fn norm<T: Scalar>(packed: &Mat<T>, column: usize, columns: usize) -> f64 {
    let squares = (column..column + columns)
        .flat_map(|column| packed.col(column).iter())
        .map(|value| value.widen() * value.widen())
        .sum::<f64>();
    if squares == 0.0 { 1.0 } else { squares.sqrt() }
}
