//! Softmax and its logarithm over rows.

use super::norm::{LANES, join, lane_sum};
use super::{scalar, simd, split};

/// The largest element; NaN if there is one.
#[inline(always)]
pub(super) fn row_max(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 16];
    for chunk in x.chunks(16) {
        for (best, &v) in lanes.iter_mut().zip(chunk) {
            *best = if v > *best || v.is_nan() { v } else { *best };
        }
    }
    // A NaN lane loses no comparison: it is neither smaller nor replaced.
    lanes.iter().fold(f32::NEG_INFINITY, |best, &v| {
        if v > best || v.is_nan() { v } else { best }
    })
}

/// The largest element that is a number; −∞ without one.
#[inline(always)]
pub(super) fn row_top(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (best, &v) in lanes.iter_mut().zip(chunk) {
            *best = if v > *best { v } else { *best };
        }
    }
    for (best, &v) in lanes.iter_mut().zip(rest) {
        *best = if v > *best { v } else { *best };
    }
    let mut top = f32::NEG_INFINITY;
    for v in lanes {
        top = if v > top { v } else { top };
    }
    top
}

/// Softmax of one row in place. A NaN makes the sum NaN, and so the row.
#[inline(always)]
pub(super) fn softmax_in_place(row: &mut [f32]) {
    let top = row_top(row);
    let mut lanes = [0.0f32; LANES];
    let mut chunks = row.chunks_exact_mut(LANES);
    for chunk in &mut chunks {
        for (v, sum) in chunk.iter_mut().zip(&mut lanes) {
            *v = scalar::exp(*v - top);
            *sum += *v;
        }
    }
    // What fills no lanes is filled up with what adds 0: one by one its exponentials take longer than all others of a short row.
    let rest = chunks.into_remainder();
    let mut last = [f32::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    for (v, sum) in last.iter_mut().zip(&mut lanes) {
        *v = scalar::exp(*v - top);
        *sum += *v;
    }
    rest.copy_from_slice(&last[..rest.len()]);
    let inverse = 1.0 / join(lanes);
    for v in row.iter_mut() {
        *v *= inverse;
    }
}

#[inline(always)]
fn log_softmax_in_place(row: &mut [f32]) {
    let top = row_top(row);
    let total = lane_sum([row], |[v]| scalar::exp(v - top)).ln();
    for v in row.iter_mut() {
        *v = *v - top - total;
    }
}

simd! {
    fn softmax_rows(rows: &mut [f32], width: usize) {
        // A loop: a closure that is not inlined would be compiled without the instructions.
        for row in rows.chunks_exact_mut(width) {
            softmax_in_place(row);
        }
    }
}

simd! {
    fn log_softmax_rows(rows: &mut [f32], width: usize) {
        for row in rows.chunks_exact_mut(width) {
            log_softmax_in_place(row);
        }
    }
}

/// Softmax of each row of `width`, or its logarithm.
pub fn softmax(x: &[f32], width: usize, logarithm: bool, out: &mut [f32]) {
    split::rows(out, width.max(1), |start, part| {
        part.copy_from_slice(&x[start * width..][..part.len()]);
        if logarithm {
            log_softmax_rows(part, width);
        } else {
            softmax_rows(part, width);
        }
    });
}
