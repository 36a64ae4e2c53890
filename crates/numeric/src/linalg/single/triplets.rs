//! Singular vectors of a bidiagonal matrix B, in f64 by divide and conquer for the symmetric tridiagonal matrix BᵀB = V Σ² Vᵀ.
//!
//! The columns of W = B V are those of U Σ. In f64 two of them are orthogonal to about ε σ₁² / (σᵢ σⱼ), ε = 2⁻⁵², which is beyond f32
//! unless both values are small. Where they are, U is the orthogonal factor of W with its columns in falling order: what its triangle
//! has beside the diagonal is ε σ₁² / σᵢ at most in row i, or no larger than σᵢ itself, so 1e-8 σ₁ either way, and is dropped.

use faer::Mat;
use rayon::prelude::*;

use super::bidiagonal::Bidiagonal;
use super::columns::Columns;
use super::{qr, tridiagonal};
use crate::{Result, Task};

/// Least product of two values, relative to σ₁², whose left vectors are orthogonal to f32 as they come.
const SMALL: f64 = 2e-9;

/// B = U diag(s) Vᵀ, largest value first.
pub(super) struct Triplets {
    pub s: Vec<f64>,
    /// n vectors of `length` elements behind each other, of which those from n on are 0.
    pub u: Columns,
    /// n vectors of n elements behind each other.
    pub v: Columns,
}

/// The triplets of a bidiagonal matrix (n × n) of unit scale; left vectors get `length` ≥ n elements.
pub(super) fn triplets(b: &Bidiagonal, length: usize, task: &Task) -> Result<Triplets> {
    let n = b.diagonal.len();
    let vectors = right_vectors(b, task)?;
    let column = |at: usize| {
        vectors
            .col(at)
            .try_as_col_major()
            .expect("column-major")
            .as_slice()
    };
    // What B makes of a vector.
    let image = |v: &[f64], row: usize| {
        let next = if row + 1 < n {
            b.above[row] * v[row + 1]
        } else {
            0.0
        };
        b.diagonal[row] * v[row] + next
    };
    let norms: Vec<f64> = (0..n)
        .into_par_iter()
        .map(|at| {
            let v = column(at);
            (0..n).map(|row| image(v, row).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    let mut order: Vec<usize> = (0..n).rev().collect();
    order.sort_by(|left, right| norms[*right].total_cmp(&norms[*left]));
    let s: Vec<f64> = order.iter().map(|at| norms[*at]).collect();
    let (mut u, mut v) = (Columns::zeros(length, n), Columns::zeros(n, n));
    u.data
        .par_chunks_mut(length)
        .zip(v.data.par_chunks_mut(n))
        .zip(&order)
        .for_each(|((u, v), &at)| {
            let (source, norm) = (column(at), norms[at]);
            let inverse = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            for row in 0..n {
                v[row] = source[row] as f32;
                u[row] = (image(source, row) * inverse) as f32;
            }
        });
    let least = s[n - 1] * s[n.max(2) - 2];
    if least.is_nan() || least <= SMALL * s[0] * s[0] {
        orthogonalise(&mut u, task)?;
    }
    Ok(Triplets { s, u, v })
}

/// V, n × n, of BᵀB.
fn right_vectors(b: &Bidiagonal, task: &Task) -> Result<Mat<f64>> {
    let n = b.diagonal.len();
    let before = |row: usize| if row > 0 { b.above[row - 1] } else { 0.0 };
    let diagonal: Vec<f64> = (0..n)
        .map(|row| b.diagonal[row].powi(2) + before(row).powi(2))
        .collect();
    let beside: Vec<f64> = (0..n).map(|row| b.diagonal[row] * b.above[row]).collect();
    Ok(tridiagonal::decompose(&diagonal, &beside, task)?.1)
}

/// Replaces n vectors by those of their QR decomposition, which point the same way.
fn orthogonalise(u: &mut Columns, task: &Task) -> Result<()> {
    let n = u.columns;
    let mut unit = Columns::zeros(n, n);
    for (to, from) in unit.data.chunks_mut(n).zip(u.data.chunks(u.rows)) {
        to.copy_from_slice(&from[..n]);
    }
    let factors = qr::factor(unit, task)?;
    u.data.fill(0.0);
    for (at, vector) in u.data.chunks_mut(u.rows).enumerate() {
        vector[at] = 1.0f32.copysign(factors.r.data[at * n + at]);
    }
    factors
        .q
        .apply_to_rows(u.by_rows_mut().subcols_mut(0, n), task)
}
