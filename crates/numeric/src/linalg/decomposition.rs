//! What decompositions give, and what they are told, in f32 and in f64.

use super::matrix::Matrix;
use super::precision::Precision;

/// Size below which divide and conquer hands over to QR iterations; see the same number for singular values.
pub(super) const LEAF: usize = 32;

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

/// Eigenvalues in ascending order, and the eigenvectors if asked for.
#[derive(Debug, Clone)]
pub struct SymmetricEigen<T> {
    /// n values.
    pub values: Vec<T>,
    /// n × n, the eigenvectors are its columns.
    pub vectors: Option<Matrix<T>>,
}

/// Parameters of a randomised SVD, by the names of Halko, Martinsson and Tropp 2011, arXiv:0909.4061.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// k: triplets wanted, 1 to min(m, n).
    pub rank: usize,
    /// p: random directions beyond k (section 4.2 recommends 5 to 10).
    pub oversampling: usize,
    /// q: applications of A Aᵀ (section 4.5: 1 or 2 usually suffice).
    pub power_iterations: usize,
    /// Names the random test matrix Ω.
    pub seed: u64,
    /// What is computed in.
    pub precision: Precision,
}
