//! Arithmetic of merging.

use std::ops::{Add, Div, Neg, Sub};

use crate::checkpoint::fold::FoldReal;

/// f32, or f64 where a tensor is stored so.
pub trait MergeReal:
    FoldReal
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// An unsigned number as wide as this.
    type Bits: Copy + Ord + Send + Sync;
    /// Bits of the magnitude: their order is that of the magnitudes.
    const MAGNITUDE_BITS: u32;
    /// Bits of the mantissa that are stored.
    const MANTISSA_BITS: u32;
    /// One rounding.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// The magnitude as an unsigned number of the same width.
    fn magnitude(self) -> Self::Bits;
    /// Narrows a magnitude.
    fn bits(magnitude: u64) -> Self::Bits;
    /// Widens a magnitude.
    fn wide(bits: Self::Bits) -> u64;
    /// The number of that magnitude.
    fn from_magnitude(magnitude: u64) -> Self;
    /// |x|.
    fn abs(self) -> Self;
}

macro_rules! merge_real {
    ($real:ty, $bits:ty) => {
        impl MergeReal for $real {
            type Bits = $bits;
            const MAGNITUDE_BITS: u32 = <$bits>::BITS - 1;
            const MANTISSA_BITS: u32 = <$real>::MANTISSA_DIGITS - 1;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $real
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn magnitude(self) -> $bits {
                self.to_bits() & (<$bits>::MAX >> 1)
            }

            #[inline(always)]
            fn bits(magnitude: u64) -> $bits {
                magnitude as $bits
            }

            #[inline(always)]
            fn wide(bits: $bits) -> u64 {
                u64::from(bits)
            }

            #[inline(always)]
            fn from_magnitude(magnitude: u64) -> Self {
                <$real>::from_bits(magnitude as $bits)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
        }
    };
}

merge_real!(f32, u32);
merge_real!(f64, u64);
