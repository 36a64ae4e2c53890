//! The two precisions.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use faer::traits::RealField;

/// f32 or f64.
pub trait Scalar:
    RealField
    + Copy
    + Debug
    + Display
    + PartialOrd
    + Default
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + 'static
{
    /// Distance from 1 to the next larger number.
    const EPSILON: f64;

    /// Rounds once.
    fn round_from(value: f64) -> Self;

    /// Rounds towards zero.
    fn round_down_from(value: f64) -> Self;

    /// Exact.
    fn widen(self) -> f64;

    /// Neither NaN nor infinite.
    fn finite(self) -> bool;

    /// Exact unless the result leaves the normal range.
    fn times_power_of_two(self, exponent: i32) -> Self;
}

macro_rules! scalar {
    ($type:ident) => {
        impl Scalar for $type {
            const EPSILON: f64 = $type::EPSILON as f64;

            fn round_from(value: f64) -> Self {
                value as $type
            }

            fn round_down_from(value: f64) -> Self {
                let nearest = value as $type;
                if f64::from(nearest).abs() > value.abs() {
                    $type::from_bits(nearest.to_bits() - 1)
                } else {
                    nearest
                }
            }

            fn widen(self) -> f64 {
                f64::from(self)
            }

            fn finite(self) -> bool {
                self.is_finite()
            }

            fn times_power_of_two(self, exponent: i32) -> Self {
                // Two steps: 2^exponent alone may be out of range.
                let half = exponent / 2;
                let two: $type = 2.0;
                self * two.powi(half) * two.powi(exponent - half)
            }
        }
    };
}

scalar!(f32);
scalar!(f64);
