//! Layer normalisation (arXiv:1607.06450) and root-mean-square normalisation (arXiv:1910.07467) over rows, with gradients.

use super::simd;
use super::split::{self, Shared};

/// Partial sums of a row.
pub(super) const LANES: usize = 16;

/// The sum of partial sums, by halves.
#[inline(always)]
pub(super) fn join(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// Sum of a function of the elements of rows of one length, in `LANES` partial sums, so that it vectorises in a fixed order.
#[inline(always)]
pub(super) fn lane_sum<const N: usize>(rows: [&[f32]; N], f: impl Fn([f32; N]) -> f32) -> f32 {
    let length = rows[0].len();
    assert!(rows.iter().all(|row| row.len() == length));
    let mut lanes = [0.0f32; LANES];
    let whole = length - length % LANES;
    let mut i = 0;
    while i < whole {
        // One comparison with the length for all lanes: one for each would keep the loop from being vectorised.
        let parts = rows.map(|row| &row[i..i + LANES]);
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(parts.map(|part| part[lane]));
        }
        i += LANES;
    }
    let rest: f32 = (whole..length).map(|i| f(rows.map(|row| row[i]))).sum();
    join(lanes) + rest
}

/// Mean and 1/√(variance + ε) of a row; a mean of 0 when it is not subtracted.
#[inline(always)]
fn moments(x: &[f32], epsilon: f32, centred: bool) -> (f32, f32) {
    let n = x.len() as f32;
    let mean = if centred {
        lane_sum([x], |[x]| x) / n
    } else {
        0.0
    };
    let variance = lane_sum([x], |[x]| (x - mean) * (x - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

simd! {
    fn forward_rows(x: &[f32], gamma: &[f32], beta: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = gamma.len();
        for (x, y) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let (mean, inverse) = moments(x, epsilon, !beta.is_empty());
            if beta.is_empty() {
                for i in 0..width {
                    y[i] = x[i] * inverse * gamma[i];
                }
            } else {
                for i in 0..width {
                    y[i] = (x[i] - mean) * inverse * gamma[i] + beta[i];
                }
            }
        }
    }
}

simd! {
    /// An empty `before` is none.
    fn backward_rows(x: &[f32], gamma: &[f32], dy: &[f32], before: &[f32], epsilon: f32, centred: bool, out: &mut [f32]) {
        let width = gamma.len();
        let n = width as f32;
        for (row, ((x, dy), dx)) in x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(out.chunks_exact_mut(width)).enumerate() {
            let (mean, inverse) = moments(x, epsilon, centred);
            let level = if centred { lane_sum([dy, gamma], |[dy, gamma]| dy * gamma) / n } else { 0.0 };
            let along = lane_sum([x, dy, gamma], |[x, dy, gamma]| dy * gamma * ((x - mean) * inverse)) / n;
            for i in 0..width {
                dx[i] = inverse * (dy[i] * gamma[i] - level - (x[i] - mean) * inverse * along);
            }
            if !before.is_empty() {
                let before = &before[row * width..][..width];
                for i in 0..width {
                    dx[i] += before[i];
                }
            }
        }
    }
}

simd! {
    fn parameter_rows(x: &[f32], dy: &[f32], epsilon: f32, dgamma: &mut [f32], dbeta: &mut [f32]) {
        let width = dgamma.len();
        for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
            let (mean, inverse) = moments(x, epsilon, true);
            for i in 0..width {
                dgamma[i] += dy[i] * ((x[i] - mean) * inverse);
                dbeta[i] += dy[i];
            }
        }
    }
}

/// Rows of x normalised: layer norm with a `beta`, root-mean-square norm without.
pub fn forward(x: &[f32], gamma: &[f32], beta: Option<&[f32]>, epsilon: f32, out: &mut [f32]) {
    let width = gamma.len();
    assert!(x.len() == out.len() && beta.is_none_or(|b| b.len() == width));
    split::rows(out, width.max(1), |start, part| {
        forward_rows(
            &x[start * width..][..part.len()],
            gamma,
            beta.unwrap_or(&[]),
            epsilon,
            part,
        );
    });
}

/// The gradient with respect to x, added to `before` if it is there; `centred` for layer norm.
pub fn input_gradient(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    before: Option<&[f32]>,
    (epsilon, centred): (f32, bool),
    out: &mut [f32],
) {
    let width = gamma.len();
    assert!(x.len() == out.len() && dy.len() == out.len());
    assert!(before.is_none_or(|before| before.len() == out.len()));
    split::rows(out, width.max(1), |start, part| {
        let here = start * width..start * width + part.len();
        let before = before.map_or(&[][..], |before| &before[here.clone()]);
        backward_rows(
            &x[here.clone()],
            gamma,
            &dy[here],
            before,
            epsilon,
            centred,
            part,
        );
    });
}

/// Rows whose partial sums are added up in order.
const BLOCK: usize = 128;

/// The gradients of layer norm with respect to γ and β.
pub fn parameter_gradients(
    x: &[f32],
    dy: &[f32],
    epsilon: f32,
    dgamma: &mut [f32],
    dbeta: &mut [f32],
) {
    let width = dgamma.len();
    dgamma.fill(0.0);
    dbeta.fill(0.0);
    if x.is_empty() {
        return;
    }
    let blocks = (x.len() / width).div_ceil(BLOCK);
    let mut partial = vec![0.0f32; blocks * 2 * width];
    let shared = Shared(partial.as_mut_ptr());
    split::each(blocks, BLOCK * width, |block| {
        let here = block * BLOCK * width..x.len().min((block + 1) * BLOCK * width);
        // SAFETY: each block has its own two rows of partial sums.
        let sums =
            unsafe { std::slice::from_raw_parts_mut(shared.at(block * 2 * width), 2 * width) };
        let (dgamma, dbeta) = sums.split_at_mut(width);
        parameter_rows(&x[here.clone()], &dy[here], epsilon, dgamma, dbeta);
    });
    for sums in partial.chunks_exact(2 * width) {
        for i in 0..width {
            dgamma[i] += sums[i];
            dbeta[i] += sums[width + i];
        }
    }
}
