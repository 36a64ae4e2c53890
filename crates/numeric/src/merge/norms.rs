//! How a result differs from its reference, as it is stored.

use super::real::MergeReal;
use super::vector;

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
    /// Compares values as they are stored with the reference; `changed` says whether the stored bytes differ.
    pub fn of<T: MergeReal>(changed: bool, stored: &[T], reference: &[T]) -> Self {
        Self {
            changed,
            delta: if changed {
                vector::squared_distance(stored, reference)
            } else {
                0.0
            },
            reference: vector::dot(reference, reference),
        }
    }

    /// Adds what comes after.
    pub fn add(&mut self, other: Self) {
        self.changed |= other.changed;
        self.delta += other.delta;
        self.reference += other.reference;
    }
}
