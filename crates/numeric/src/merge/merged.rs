//! Results that are found as a whole, not tile by tile.

use super::chunk::Tile;
use super::real::MergeReal;

/// A whole result, in the precision of the arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub enum Merged {
    /// f32.
    Narrow(Vec<f32>),
    /// f64.
    Wide(Vec<f64>),
    /// Not a number: the models have values that are not finite.
    Undefined,
}

/// A precision that results are kept in.
pub trait Kept: Sized {
    /// Keeps a result.
    fn keep(values: Vec<Self>) -> Merged;
}

impl Kept for f32 {
    fn keep(values: Vec<Self>) -> Merged {
        Merged::Narrow(values)
    }
}

impl Kept for f64 {
    fn keep(values: Vec<Self>) -> Merged {
        Merged::Wide(values)
    }
}

impl Merged {
    /// Makes the part that a tile covers its only row.
    pub fn copy_to<T: MergeReal>(&self, tile: &mut Tile<T>) {
        let range = tile.start..tile.start + tile.length;
        tile.sum.clear();
        match self {
            Merged::Narrow(values) => tile
                .sum
                .extend(values[range].iter().map(|x| T::from_f64(f64::from(*x)))),
            Merged::Wide(values) => tile
                .sum
                .extend(values[range].iter().map(|x| T::from_f64(*x))),
            Merged::Undefined => tile.sum.resize(tile.length, T::from_f64(f64::NAN)),
        }
        tile.replace_by_sum();
    }
}
