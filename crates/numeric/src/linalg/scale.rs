//! Scaling by a power of two, so that squares of elements neither overflow nor vanish.

use rayon::prelude::*;

use super::{Matrix, Scalar, View};
use crate::kernels::simd::simd;
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

/// A matrix with its largest magnitude in [2⁻⁸, 2⁹), where f32's squares keep their digits: the one given, or a scaled copy.
pub(crate) struct Near<'a, T> {
    view: View<'a, T>,
    copy: Option<Matrix<T>>,
    /// Undoes the scaling of the copy.
    pub exponent: i32,
}

impl<'a, T: Scalar> Near<'a, T> {
    /// Fails on the first element that is not finite.
    pub fn of(view: View<'a, T>) -> Result<Self> {
        let exponent = exponent_of(largest(view.data())?);
        let far = exponent.abs() > 8;
        Ok(Self {
            view,
            copy: far.then(|| scaled_by(view, exponent).matrix),
            exponent: if far { exponent } else { 0 },
        })
    }

    pub fn view(&self) -> View<'_, T> {
        self.copy.as_ref().map_or(self.view, Matrix::view)
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

/// Elements that are looked at by one thread.
const CHUNK: usize = 1 << 16;

fn largest<T: Scalar>(data: &[T]) -> Result<f64> {
    let chunks = data.par_chunks(CHUNK).map(|chunk| match T::as_f32(chunk) {
        Some(chunk) => largest_of_f32(chunk),
        None => largest_of(chunk),
    });
    let largest = chunks.reduce(|| 0.0, f64::max);
    if largest.is_finite() {
        return Ok(largest);
    }
    let index = data.iter().position(|value| !value.finite());
    let index = index.expect("an element is not finite");
    Err(Error::new(
        Reason::NonFinite,
        format!("{} at index {index}", data[index]),
    ))
}

simd! {
    /// Infinite if an element is not finite.
    fn largest_of<T: Scalar>(chunk: &[T]) -> f64 {
        const LANES: usize = 16;
        let (mut largest, mut finite) = ([0.0_f64; LANES], [true; LANES]);
        let mut see = |lane: usize, value: T| {
            let size = value.widen().abs();
            largest[lane] = if size > largest[lane] { size } else { largest[lane] };
            finite[lane] &= size < f64::INFINITY;
        };
        let groups = chunk.chunks_exact(LANES);
        let rest = groups.remainder();
        for group in groups {
            for (lane, &value) in group.iter().enumerate() {
                see(lane, value);
            }
        }
        for (lane, &value) in rest.iter().enumerate() {
            see(lane, value);
        }
        if finite == [true; LANES] {
            largest.into_iter().fold(0.0, f64::max)
        } else {
            f64::INFINITY
        }
    }
}

simd! {
    /// The same by bits, whose order is that of the magnitudes, with what is not finite above all others.
    fn largest_of_f32(chunk: &[f32]) -> f64 {
        const MAGNITUDE: u32 = 0x7fff_ffff;
        let largest = chunk.iter().fold(0, |largest, value| (value.to_bits() & MAGNITUDE).max(largest));
        let largest = f64::from(f32::from_bits(largest));
        if largest.is_finite() { largest } else { f64::INFINITY }
    }
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
