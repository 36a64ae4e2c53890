//! Scaling by a power of two, so that squares of elements neither overflow nor vanish.

use super::{Matrix, Scalar, View};
use crate::{Error, Reason, Result};

/// A copy of a matrix with its largest magnitude in [1, 2), and the exponent that undoes it.
pub(crate) struct Scaled<T> {
    pub matrix: Matrix<T>,
    pub exponent: i32,
}

/// Copies and scales. Exact, but for elements 2^100 times smaller than the largest, whose loss no norm can see. Fails on the first
/// element that is not finite.
pub(crate) fn scaled<T: Scalar>(view: View<'_, T>) -> Result<Scaled<T>> {
    let exponent = exponent_of(largest(view.data())?);
    Ok(scaled_by(view, exponent))
}

/// As [`scaled`], with an even exponent and the largest magnitude in [1, 4).
pub(crate) fn scaled_evenly<T: Scalar>(view: View<'_, T>) -> Result<Scaled<T>> {
    let exponent = exponent_of(largest(view.data())?);
    Ok(scaled_by(view, exponent & !1))
}

fn scaled_by<T: Scalar>(view: View<'_, T>, exponent: i32) -> Scaled<T> {
    let data = view
        .data()
        .iter()
        .map(|value| value.times_power_of_two(-exponent))
        .collect();
    Scaled {
        matrix: Matrix {
            rows: view.rows(),
            columns: view.columns(),
            data,
        },
        exponent,
    }
}

/// Multiplies by 2^exponent in place.
pub(crate) fn unscale<T: Scalar>(values: &mut [T], exponent: i32) {
    if exponent != 0 {
        for value in values {
            *value = value.times_power_of_two(exponent);
        }
    }
}

/// Fails on the first element that is not finite.
pub(crate) fn check_finite<T: Scalar>(data: &[T]) -> Result<()> {
    largest(data).map(|_| ())
}

fn largest<T: Scalar>(data: &[T]) -> Result<f64> {
    let mut largest = 0.0_f64;
    for (index, value) in data.iter().enumerate() {
        if !value.finite() {
            return Err(Error::new(
                Reason::NonFinite,
                format!("{value} at index {index}"),
            ));
        }
        largest = largest.max(value.widen().abs());
    }
    Ok(largest)
}

/// floor(log2(value)), 0 for 0.
fn exponent_of(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    let biased = ((value.to_bits() >> 52) & 0x7ff) as i32;
    if biased == 0 {
        // Subnormal: its leading bit's position.
        return -1011 - value.to_bits().leading_zeros() as i32;
    }
    biased - 1023
}
