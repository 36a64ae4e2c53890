//! Checkpoint files: strict safetensors, read and written by positioned I/O, converted with one rounding.

pub mod convert;
pub mod dtype;
pub mod fault;
pub mod file;
pub mod float8;
pub mod fold;
pub mod hash;
pub mod header;
pub mod non_finite;
mod plan;
pub mod read;
pub mod running_hash;
mod sha256;
pub mod write;
mod written;

pub use dtype::Dtype;
pub use fault::Fault;
pub use file::{OpenOptions, SafetensorsFile};
pub use header::{Header, TensorEntry};
pub use plan::TensorPlan;
pub use running_hash::RunningHash;
pub use write::{NonFiniteResult, SafetensorsWriter};

#[cfg(test)]
mod header_tests;
#[cfg(test)]
mod write_tests;
