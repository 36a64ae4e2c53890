//! How a result differs from its reference, as it is stored.

use super::program::MergeReal;
use crate::Result;
use crate::checkpoint::Dtype;

/// Sums of one chunk or of one tensor.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Difference {
    /// Whether any stored element differs.
    pub changed: bool,
    /// Σ (result − reference)².
    pub delta: f64,
    /// Σ reference².
    pub reference: f64,
}

impl Difference {
    /// Compares a chunk as stored with the reference rounded to the same type. `bytes` holds the result; `other` is working memory.
    pub fn of<T: MergeReal>(
        dtype: Dtype,
        bytes: &[u8],
        reference: &[T],
        other: &mut Vec<u8>,
        values: &mut Vec<T>,
    ) -> Result<Self> {
        other.resize(bytes.len(), 0);
        T::encode(dtype, reference, other)?;
        values.resize(reference.len(), T::default());
        T::decode(dtype, bytes, values);
        let mut difference = Self {
            changed: bytes != other.as_slice(),
            ..Self::default()
        };
        for (x, y) in values.iter().zip(reference) {
            let (x, y) = (x.to_f64(), y.to_f64());
            difference.reference += y * y;
            if difference.changed {
                difference.delta += (x - y) * (x - y);
            }
        }
        Ok(difference)
    }

    /// Adds what comes after.
    pub fn add(&mut self, other: Self) {
        self.changed |= other.changed;
        self.delta += other.delta;
        self.reference += other.reference;
    }
}
