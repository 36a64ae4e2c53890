//! Random projections between few and many dimensions, held by what they are drawn from rather than as matrices.

mod fastfood;
#[cfg(test)]
mod fastfood_tests;
mod hadamard;

pub use fastfood::Fastfood;
