//! Merging, streamed: chunks of tensors are read, converted, run through the steps of their program and written, in parallel.
//!
//! Chunks have a fixed size and every sum a fixed order, so the bytes do not depend on threads, shards or scheduling.

pub mod chunk;
pub mod execute;
pub mod keep_largest;
pub mod norms;
pub mod plan;
pub mod program;
pub mod report;
pub mod source;

pub use execute::{merge_files, merge_to_memory};
pub use plan::{Resources, TensorMerge};
pub use program::{Divisor, Step};
pub use report::MergeReport;
