//! Softmax and its logarithm over rows.

use super::norm::lane_sum;
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

simd! {
    /// Softmax of one row in place.
    pub(super) fn softmax_row(row: &mut [f32]) {
        let top = row_max(row);
        for v in row.iter_mut() {
            *v = scalar::exp(*v - top);
        }
        let inverse = 1.0 / lane_sum(row.len(), |i| row[i]);
        for v in row.iter_mut() {
            *v *= inverse;
        }
    }
}

simd! {
    fn log_softmax_row(row: &mut [f32]) {
        let top = row_max(row);
        let total = lane_sum(row.len(), |i| scalar::exp(row[i] - top)).ln();
        for v in row.iter_mut() {
            *v = *v - top - total;
        }
    }
}

/// Softmax of each row of `width`, or its logarithm.
pub fn softmax(x: &[f32], width: usize, logarithm: bool, out: &mut [f32]) {
    split::rows(out, width.max(1), |start, part| {
        part.copy_from_slice(&x[start * width..][..part.len()]);
        for row in part.chunks_exact_mut(width) {
            if logarithm {
                log_softmax_row(row)
            } else {
                softmax_row(row)
            }
        }
    });
}
