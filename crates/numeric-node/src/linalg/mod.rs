mod array;
mod eigen;
mod factor;
mod gemm;
mod solve;
mod svd;

pub use array::RealArray;
