//! A cut, and setting to zero what it leaves or what it takes.

use crate::kernels::simd::simd;
use crate::merge::real::MergeReal;

simd! {
    fn zero_below<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() < threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_up_to<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() <= threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_above<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() > threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_from<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() >= threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_where<T: MergeReal>(row: &mut [T], magnitudes: &[T], threshold: T::Bits, equal_too: bool) {
        for (x, magnitude) in row.iter_mut().zip(magnitudes) {
            let magnitude = magnitude.magnitude();
            let goes = magnitude < threshold || (equal_too && magnitude == threshold);
            *x = if goes { T::default() } else { *x };
        }
    }
}

/// The largest magnitudes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All.
    All,
    /// None.
    None,
    /// Those above the threshold, and those equal to it before a position.
    At {
        /// Magnitude bits.
        threshold: u64,
        /// Position in the tensor.
        ties_before: u64,
    },
}

impl Cut {
    /// How many of `length` elements from `start` come before the end of the ties.
    fn split(ties_before: u64, start: usize, length: usize) -> usize {
        (ties_before.saturating_sub(start as u64) as usize).min(length)
    }

    /// Sets all but the largest to zero. `start` is the position of the first element.
    pub fn keep<T: MergeReal>(&self, start: usize, row: &mut [T]) {
        match *self {
            Cut::All => {}
            Cut::None => row.fill(T::default()),
            Cut::At {
                threshold,
                ties_before,
            } => {
                let (before, after) = row.split_at_mut(Self::split(ties_before, start, row.len()));
                zero_below(before, T::bits(threshold));
                zero_up_to(after, T::bits(threshold));
            }
        }
    }

    /// Sets the largest to zero.
    pub fn drop<T: MergeReal>(&self, start: usize, row: &mut [T]) {
        match *self {
            Cut::All => row.fill(T::default()),
            Cut::None => {}
            Cut::At {
                threshold,
                ties_before,
            } => {
                let (before, after) = row.split_at_mut(Self::split(ties_before, start, row.len()));
                zero_from(before, T::bits(threshold));
                zero_above(after, T::bits(threshold));
            }
        }
    }

    /// Sets to zero what is not among the largest of another row.
    pub fn keep_where<T: MergeReal>(&self, start: usize, row: &mut [T], others: &[T]) {
        match *self {
            Cut::All => {}
            Cut::None => row.fill(T::default()),
            Cut::At {
                threshold,
                ties_before,
            } => {
                let at = Self::split(ties_before, start, row.len());
                let (before, after) = row.split_at_mut(at);
                zero_where(before, &others[..at], T::bits(threshold), false);
                zero_where(after, &others[at..], T::bits(threshold), true);
            }
        }
    }
}
