//! Dense linear algebra on faer, in f32 and f64.
//!
//! Matrices are dense and row-major. Every decomposition is computed at unit scale (scaled by a power of two), refuses non-finite input by
//! its index, and gives the same bits for any number of threads: faer splits work, and so its sums, by the degree it is told, so
//! it is always told [`PARTS`], and the pool that happens to be there shares the parts out.

pub mod cholesky;
mod decomposition;
#[cfg(test)]
mod decomposition_tests;
pub mod eigen;
pub mod gemm;
pub mod lu;
pub mod matrix;
mod memory;
mod precision;
pub mod qr;
pub mod randomized_svd;
pub mod scalar;
mod scale;
mod single;
#[cfg(test)]
mod single_tests;
pub mod solve;
pub mod svd;
#[cfg(test)]
mod svd_tests;
pub mod symmetric_eigen;
#[cfg(test)]
pub(crate) mod testing;
mod verify;
mod watched;

pub use matrix::{Matrix, View};
pub use precision::Precision;
pub use scalar::Scalar;

use faer::Par;

/// Parts that a parallel step is split into, whatever the number of threads.
pub const PARTS: usize = 8;

fn parallelism() -> Par {
    Par::rayon(PARTS)
}
