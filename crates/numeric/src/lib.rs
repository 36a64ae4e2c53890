//! Eigenloom's numeric core.
//!
//! Pure Rust, no I/O beyond the checkpoint files it streams. Sums are accumulated in f32 or f64 in a fixed order, so results
//! do not depend on the number of threads; storage types are rounded to once.

pub mod cancel;
pub mod checkpoint;
pub mod error;
pub mod kernels;
pub mod linalg;
pub mod merge;
pub mod projection;
pub mod random;
pub mod spectrum;

pub use cancel::Task;
pub use error::{Error, Reason, Result};
