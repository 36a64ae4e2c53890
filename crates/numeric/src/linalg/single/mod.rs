//! Decompositions of f32 in f32, but for what costs little and loses much: bidiagonal and tridiagonal matrices are
//! decomposed in f64.

mod bidiagonal;
mod bisection;
mod columns;
mod qr;
mod randomized_svd;
mod reflectors;
mod svd;
mod symmetric_eigen;
mod tridiagonal;
mod triplets;
mod vectors;

pub(super) use randomized_svd::randomized_svd;
pub(super) use svd::svd;
pub(super) use symmetric_eigen::symmetric_eigen;
