//! Merging, streamed: chunks of tensors are read, converted, run through the steps of their program and written, in parallel.
//!
//! Chunks have a fixed size and every sum a fixed order, so the bytes do not depend on threads, shards or scheduling.

pub mod chunk;
pub mod combine;
pub mod cut;
mod digests;
pub mod execute;
pub mod fact;
mod find;
pub mod gather;
pub mod interference;
mod lane;
pub mod masks;
pub mod matrix;
mod merge_chunk;
pub mod merged;
pub mod norms;
mod pass;
pub mod plan;
mod pool;
pub mod program;
pub mod real;
pub mod report;
pub mod source;
mod steps;
mod vector;

pub use digests::InputDigests;
pub use execute::{merge_files, merge_to_memory};
pub use gather::{Gather, RowPicks};
pub use interference::{Interference, interference};
pub use masks::{Masks, Needs, find_masks};
pub use plan::{Resources, TensorMerge};
pub use program::{Divisor, Step};
pub use report::MergeReport;

#[cfg(test)]
mod digests_tests;
#[cfg(test)]
mod typescript_tests;
