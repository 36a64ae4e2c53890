//! The part of a tensor that is in memory at a time.

use std::ops::Range;

/// Elements of a chunk. Part of the definition of results: sums for reports are taken chunk by chunk.
pub const CHUNK: usize = 1 << 16;

/// One chunk of every model and of the base. Buffers are reused from chunk to chunk.
#[derive(Debug, Default)]
pub struct Chunk<T> {
    /// Number of elements.
    pub length: usize,
    /// One row for each model; one row in all after the sum.
    pub models: Vec<Vec<T>>,
    /// The base, if the program or the report needs it.
    pub base: Vec<T>,
    /// Working memory.
    pub sum: Vec<T>,
}

/// Elements of chunk `index` of a tensor.
pub fn range(index: usize, elements: usize) -> Range<usize> {
    index * CHUNK..((index + 1) * CHUNK).min(elements)
}

/// Number of chunks of a tensor.
pub fn count(elements: usize) -> usize {
    elements.div_ceil(CHUNK)
}
