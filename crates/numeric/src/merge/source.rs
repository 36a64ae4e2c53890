//! Where the values of a tensor come from: a file, with low-rank pairs folded in.

use std::ops::Range;
use std::sync::Arc;

use super::merged::Kept;
use super::real::MergeReal;
use crate::Result;
use crate::checkpoint::fold::LowRankPair;
use crate::checkpoint::{SafetensorsFile, TensorEntry};

/// A low-rank pair in both precisions of arithmetic.
#[derive(Debug)]
pub struct FoldedPair {
    /// For f32.
    pub narrow: LowRankPair<f32>,
    /// For f64.
    pub wide: LowRankPair<f64>,
    /// Columns of the weight.
    pub columns: usize,
}

impl FoldedPair {
    /// Widens a pair.
    pub fn new(narrow: LowRankPair<f32>, scale: f64, columns: usize) -> Self {
        let widen = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
        let wide = LowRankPair {
            a: widen(&narrow.a),
            b: widen(&narrow.b),
            rank: narrow.rank,
            scale,
        };
        Self {
            narrow,
            wide,
            columns,
        }
    }
}

/// What was measured on a model's own data for a tensor.
#[derive(Debug, Clone)]
pub struct Statistic {
    /// The file.
    pub file: Arc<SafetensorsFile>,
    /// Where it lies in the file.
    pub entry: TensorEntry,
}

impl Statistic {
    /// Reads elements; `bytes` is working memory.
    pub fn read<T: MergeReal>(
        &self,
        elements: Range<usize>,
        bytes: &mut Vec<u8>,
        values: &mut Vec<T>,
    ) -> Result<()> {
        let size = self.entry.dtype.size();
        bytes.resize(elements.len() * size, 0);
        self.file
            .read_bytes(&self.entry, (elements.start * size) as u64, bytes)?;
        values.resize(elements.len(), T::default());
        T::decode(self.entry.dtype, bytes, values);
        Ok(())
    }
}

impl Statistic {
    /// Reads a bit for each element, as zero or one; `bytes` is working memory.
    pub fn read_bits<T: MergeReal>(
        &self,
        elements: Range<usize>,
        bytes: &mut Vec<u8>,
        values: &mut Vec<T>,
    ) -> Result<()> {
        let first = elements.start / 8;
        bytes.resize(elements.end.div_ceil(8) - first, 0);
        self.file.read_bytes(&self.entry, first as u64, bytes)?;
        let one = |at: usize| bytes[at / 8 - first] & (0x80 >> (at % 8)) != 0;
        values.clear();
        values.extend(elements.map(|at| T::from_f64(f64::from(u8::from(one(at))))));
        Ok(())
    }
}

/// A tensor of a model.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub file: Arc<SafetensorsFile>,
    /// Where the tensor lies in it.
    pub entry: TensorEntry,
    /// Folded in after reading, in order.
    pub pairs: Vec<Arc<FoldedPair>>,
    /// What steps weigh the tensor by.
    pub statistic: Option<Statistic>,
}

/// A precision that pairs exist in.
pub trait Folding: MergeReal + Kept {
    /// Adds the pair to the elements from `start`.
    fn fold(pair: &FoldedPair, start: usize, part: &mut [Self], row: &mut Vec<Self>);
}

impl Folding for f32 {
    fn fold(pair: &FoldedPair, start: usize, part: &mut [f32], row: &mut Vec<f32>) {
        pair.narrow.add_to(start, part, pair.columns, row);
    }
}

impl Folding for f64 {
    fn fold(pair: &FoldedPair, start: usize, part: &mut [f64], row: &mut Vec<f64>) {
        pair.wide.add_to(start, part, pair.columns, row);
    }
}

impl Source {
    /// Reads the bytes of elements.
    pub fn read_bytes(&self, elements: Range<usize>, bytes: &mut Vec<u8>) -> Result<()> {
        let size = self.entry.dtype.size();
        bytes.resize(elements.len() * size, 0);
        self.file
            .read_bytes(&self.entry, (elements.start * size) as u64, bytes)
    }

    /// Converts elements out of bytes that begin at element `start`, and folds the pairs in; `row` is working memory.
    pub fn decode<T: Folding>(
        &self,
        start: usize,
        elements: Range<usize>,
        bytes: &[u8],
        values: &mut Vec<T>,
        row: &mut Vec<T>,
    ) {
        let size = self.entry.dtype.size();
        let bytes = &bytes[(elements.start - start) * size..(elements.end - start) * size];
        values.resize(elements.len(), T::default());
        T::decode(self.entry.dtype, bytes, values);
        for pair in &self.pairs {
            T::fold(pair, elements.start, values, row);
        }
    }
}
