//! Tensor kernels of the native engine backend: dense, row-major, f32.
//!
//! Work is split by shape alone and sums run in a fixed order, so results do not depend on the number of threads. Plain loops are
//! compiled for several instruction sets by [`simd!`] and chosen at run time; they use no fused multiply-add, so those agree to
//! the bit. Denormals are kept. Callers check the shapes; slices that are too short panic.

mod scalar;
pub(crate) mod simd;
mod split;
#[cfg(test)]
mod testing;

pub mod adam;
pub mod attention;
pub mod batch_norm;
pub mod convolution;
pub mod copy;
pub mod cross_entropy;
pub mod elementwise;
pub mod fourier;
pub mod frozen;
pub mod gemm;
pub mod indexing;
pub mod norm;
pub mod pooling;
pub mod reduction;
pub mod rotary;
pub mod softmax;
pub mod transpose;
pub mod window;

use simd::simd;
