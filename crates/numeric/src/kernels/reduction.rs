//! Sums and maxima over one axis of (outer, length, inner), and the sum of squares.

use rayon::prelude::*;

use super::norm::lane_sum;
use super::split::{self, Shared};
use super::{simd, softmax};

/// What to reduce to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Reduction {
    Sum,
    Mean,
    Max,
}

simd! {
    fn sum_row(row: &[f32]) -> f32 {
        lane_sum([row], |[v]| v)
    }
}

simd! {
    fn max_row(row: &[f32]) -> f32 {
        softmax::row_max(row)
    }
}

simd! {
    fn fold_rows(rows: &[f32], max: bool, out: &mut [f32]) {
        for row in rows.chunks_exact(out.len()) {
            for (y, &v) in out.iter_mut().zip(row) {
                *y = if max { if v > *y || v.is_nan() { v } else { *y } } else { *y + v };
            }
        }
    }
}

simd! {
    fn scale(out: &mut [f32], factor: f32) {
        out.iter_mut().for_each(|v| *v *= factor);
    }
}

/// Rows whose partial results are folded in order.
const BLOCK: usize = 256;

/// Reduces the middle axis of x (outer, length, inner) → (outer, inner). Of no elements: 0, NaN, −∞.
pub fn reduce(
    kind: Reduction,
    x: &[f32],
    (outer, length, inner): (usize, usize, usize),
    out: &mut [f32],
) {
    assert!(x.len() == outer * length * inner && out.len() == outer * inner);
    let max = kind == Reduction::Max;
    if inner == 1 {
        let shared = Shared(out.as_mut_ptr());
        split::each(outer, length.max(1), |row| {
            let values = &x[row * length..][..length];
            let value = if max {
                max_row(values)
            } else {
                sum_row(values)
            };
            // SAFETY: row is below outer, the length of out.
            unsafe { *shared.at(row) = value };
        });
    } else if out.is_empty() {
        return;
    } else {
        out.chunks_exact_mut(inner)
            .enumerate()
            .for_each(|(o, out)| {
                columns(&x[o * length * inner..][..length * inner], max, out);
            });
    }
    if kind == Reduction::Mean {
        scale(out, 1.0 / length as f32);
    }
}

fn columns(x: &[f32], max: bool, out: &mut [f32]) {
    let inner = out.len();
    let start = if max { f32::NEG_INFINITY } else { 0.0 };
    out.fill(start);
    if x.len() <= BLOCK * inner {
        return fold_rows(x, max, out);
    }
    let partial: Vec<Vec<f32>> = x
        .par_chunks(BLOCK * inner)
        .map(|rows| {
            let mut part = vec![start; inner];
            fold_rows(rows, max, &mut part);
            part
        })
        .collect();
    partial.iter().for_each(|part| fold_rows(part, max, out));
}

simd! {
    /// Σ x² in double precision, on this thread.
    pub(crate) fn squares(x: &[f32]) -> f64 {
        let mut lanes = [0.0f64; 8];
        let chunks = x.chunks_exact(8);
        let rest: f64 = chunks.remainder().iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        for chunk in chunks {
            for (sum, &v) in lanes.iter_mut().zip(chunk) {
                *sum += f64::from(v) * f64::from(v);
            }
        }
        lanes.iter().sum::<f64>() + rest
    }
}

/// Σ x² in double precision.
pub fn sum_of_squares(x: &[f32]) -> f64 {
    let parts: Vec<f64> = x.par_chunks(split::GRAIN).map(squares).collect();
    parts.iter().sum()
}
