//! The two precisions.

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use faer::linalg::matmul::matmul;
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};

use crate::kernels::gemm::{self, Precision, Problem, Strided};

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

    /// The numbers themselves if they are f32.
    fn as_f32(values: &[Self]) -> Option<&[f32]>;

    /// f32 values as they are, or widened.
    fn from_f32(values: Vec<f32>) -> Vec<Self>;

    /// target = a · b, or target + a · b. The target's rows or its columns are dense.
    fn multiply(
        target: MatMut<'_, Self>,
        accum: Accum,
        a: MatRef<'_, Self>,
        b: MatRef<'_, Self>,
        par: Par,
    );
}

macro_rules! scalar {
    ($type:ident, $multiply:ident, $as_f32:expr, $from_f32:expr) => {
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

            fn as_f32(values: &[Self]) -> Option<&[f32]> {
                $as_f32(values)
            }

            fn from_f32(values: Vec<f32>) -> Vec<Self> {
                $from_f32(values)
            }

            fn multiply(
                target: MatMut<'_, Self>,
                accum: Accum,
                a: MatRef<'_, Self>,
                b: MatRef<'_, Self>,
                par: Par,
            ) {
                $multiply(target, accum, a, b, par)
            }
        }
    };
}

scalar!(f32, by_kernels, Some, std::convert::identity);
scalar!(f64, by_faer, no_f32, widened);

fn no_f32(_: &[f64]) -> Option<&[f32]> {
    None
}

fn widened(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}

fn by_faer(
    target: MatMut<'_, f64>,
    accum: Accum,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    par: Par,
) {
    // Row-major targets are column-major ones transposed, which is the layout that faer's kernels write fastest.
    let (target, b, a) = (target.transpose_mut(), b.transpose(), a.transpose());
    matmul(target, accum, b, a, 1.0, par);
}

fn by_kernels(
    target: MatMut<'_, f32>,
    accum: Accum,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    par: Par,
) {
    if target.col_stride() != 1 {
        return by_rows(
            target.transpose_mut(),
            accum,
            b.transpose(),
            a.transpose(),
            par,
        );
    }
    by_rows(target, accum, a, b, par)
}

/// The rows of the target are dense.
fn by_rows(
    target: MatMut<'_, f32>,
    accum: Accum,
    a: MatRef<'_, f32>,
    b: MatRef<'_, f32>,
    par: Par,
) {
    let forward = [
        a.row_stride(),
        a.col_stride(),
        b.row_stride(),
        b.col_stride(),
        target.row_stride(),
    ]
    .map(|stride| usize::try_from(stride).ok());
    let (rows, columns) = (target.nrows(), target.ncols());
    let [
        Some(a_row),
        Some(a_column),
        Some(b_row),
        Some(b_column),
        Some(row),
    ] = forward
    else {
        return matmul(target, accum, a, b, 1.0, par);
    };
    if columns > 1 && target.col_stride() != 1 {
        return matmul(target, accum, a, b, 1.0, par);
    }
    let problem = Problem {
        rows,
        columns,
        depth: a.ncols(),
        precision: Precision::F32,
        scale: 1.0,
        add: matches!(accum, Accum::Add),
        parallel: !matches!(par, Par::Seq),
    };
    let left = Strided {
        data: a.as_ptr(),
        outer: a_row,
        depth: a_column,
    };
    let right = Strided {
        data: b.as_ptr(),
        outer: b_column,
        depth: b_row,
    };
    // SAFETY: the views have these sizes and strides, and the target is borrowed for this product alone.
    unsafe {
        gemm::product(
            problem,
            left,
            right,
            (target.as_ptr_mut(), row),
            &gemm::as_it_is,
        )
    };
}
