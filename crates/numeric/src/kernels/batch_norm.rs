//! Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) of rows x (rows, channels), with the statistics of the batch or given ones.

use rayon::prelude::*;

use super::simd::simd;
use super::split;

/// Mean and variance of each channel; the variance is that of the batch itself, divided by the number of rows.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Statistics<'a> {
    pub mean: &'a [f32],
    pub variance: &'a [f32],
}

/// Rows whose sums are added up as f32, by the number of channels alone; those of blocks are f64.
fn block_of(channels: usize) -> usize {
    (split::GRAIN / channels.max(1)).clamp(1, 256)
}

simd! {
    /// Of rows: about the mean, and the sums of the distances from it and of their squares; passes over a block that stays in cache.
    fn block_moments(x: &[f32], centres: &mut [f32], rests: &mut [f32], squares: &mut [f32]) {
        let channels = centres.len();
        let scale = 1.0 / (x.len() / channels) as f32;
        for row in x.chunks_exact(channels) {
            centres.iter_mut().zip(row).for_each(|(sum, &v)| *sum += v);
        }
        centres.iter_mut().for_each(|sum| *sum *= scale);
        for row in x.chunks_exact(channels) {
            for i in 0..channels {
                let distance = row[i] - centres[i];
                rests[i] += distance;
                squares[i] += distance * distance;
            }
        }
    }
}

/// Mean and variance of each channel of x (rows, channels). Without rows 0.
pub fn moments(x: &[f32], mean: &mut [f32], variance: &mut [f32]) {
    let channels = mean.len();
    assert!(variance.len() == channels && x.len().is_multiple_of(channels.max(1)));
    mean.fill(0.0);
    variance.fill(0.0);
    if x.is_empty() {
        return;
    }
    let step = block_of(channels) * channels;
    let blocks: Vec<Vec<f32>> = x
        .par_chunks(step)
        .map(|part| {
            let mut all = vec![0.0; 3 * channels];
            let (centres, rest) = all.split_at_mut(channels);
            let (rests, squares) = rest.split_at_mut(channels);
            block_moments(part, centres, rests, squares);
            all
        })
        .collect();
    let count = |block: usize| (x.len() - block * step).min(step) as f64 / channels as f64;
    let rows = x.len() as f64 / channels as f64;
    for channel in 0..channels {
        // The number of rows of a block, their mean, and the squares about it.
        let parts = || {
            blocks.iter().enumerate().map(|(block, all)| {
                let [centre, rest, squares] =
                    [0, 1, 2].map(|part| f64::from(all[part * channels + channel]));
                let count = count(block);
                (count, centre + rest / count, squares - rest * rest / count)
            })
        };
        let centre = parts().map(|(count, own, _)| count * own).sum::<f64>() / rows;
        // Chan, Golub & LeVeque 1983, doi:10.1080/00031305.1983.10483115: squares about the common mean.
        let apart =
            |(count, own, squares): (f64, f64, f64)| squares + count * (own - centre).powi(2);
        mean[channel] = centre as f32;
        variance[channel] = (parts().map(apart).sum::<f64>() / rows) as f32;
    }
}

/// γ / √(variance + ε) of each channel.
fn slopes(gamma: &[f32], variance: &[f32], epsilon: f32) -> Vec<f32> {
    gamma
        .iter()
        .zip(variance)
        .map(|(g, v)| g / (v + epsilon).sqrt())
        .collect()
}

simd! {
    fn normalise_rows(x: &[f32], mean: &[f32], slope: &[f32], beta: &[f32], out: &mut [f32]) {
        let channels = mean.len();
        for (x, y) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            for i in 0..channels {
                y[i] = (x[i] - mean[i]) * slope[i] + beta[i];
            }
        }
    }
}

/// y = (x − mean) γ / √(variance + ε) + β.
pub fn normalise(
    x: &[f32],
    statistics: Statistics<'_>,
    gamma: &[f32],
    beta: &[f32],
    epsilon: f32,
    out: &mut [f32],
) {
    let Statistics { mean, variance } = statistics;
    let channels = mean.len();
    assert!(variance.len() == channels && gamma.len() == channels && beta.len() == channels);
    assert!(x.len() == out.len());
    let slope = slopes(gamma, variance, epsilon);
    split::rows(out, channels.max(1), |start, part| {
        normalise_rows(
            &x[start * channels..][..part.len()],
            mean,
            &slope,
            beta,
            part,
        );
    });
}

simd! {
    /// Σ dy and Σ dy (x − mean) of rows.
    fn block_slopes(x: &[f32], dy: &[f32], mean: &[f32], level: &mut [f32], along: &mut [f32]) {
        let channels = mean.len();
        for (x, dy) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)) {
            for i in 0..channels {
                level[i] += dy[i];
                along[i] += dy[i] * (x[i] - mean[i]);
            }
        }
    }
}

simd! {
    fn gradient_rows(x: &[f32], dy: &[f32], mean: &[f32], factors: &[f32], out: &mut [f32]) {
        let channels = mean.len();
        let (slope, rest) = factors.split_at(channels);
        let (level, along) = rest.split_at(channels);
        for ((x, dy), dx) in x.chunks_exact(channels).zip(dy.chunks_exact(channels)).zip(out.chunks_exact_mut(channels)) {
            for i in 0..channels {
                dx[i] = slope[i] * (dy[i] - level[i] - (x[i] - mean[i]) * along[i]);
            }
        }
    }
}

/// Gradients of γ, β and x, of the statistics of the batch: [dγ, dβ, dx].
pub fn gradients(
    x: &[f32],
    statistics: Statistics<'_>,
    gamma: &[f32],
    dy: &[f32],
    epsilon: f32,
    [dgamma, dbeta, dx]: [&mut [f32]; 3],
) {
    let Statistics { mean, variance } = statistics;
    let channels = mean.len();
    assert!(variance.len() == channels && gamma.len() == channels);
    assert!(dgamma.len() == channels && dbeta.len() == channels);
    assert!(x.len() == dy.len() && x.len() == dx.len());
    dgamma.fill(0.0);
    dbeta.fill(0.0);
    if x.is_empty() {
        return;
    }
    let step = block_of(channels) * channels;
    let blocks: Vec<Vec<f32>> = x
        .par_chunks(step)
        .zip(dy.par_chunks(step))
        .map(|(x, dy)| {
            let mut both = vec![0.0; 2 * channels];
            let (level, along) = both.split_at_mut(channels);
            block_slopes(x, dy, mean, level, along);
            both
        })
        .collect();
    let rows = (x.len() / channels) as f64;
    let mut factors = slopes(gamma, variance, epsilon);
    factors.resize(3 * channels, 0.0);
    for channel in 0..channels {
        let sum = |at: usize| blocks.iter().map(|both| f64::from(both[at])).sum::<f64>();
        let (level, along) = (sum(channel), sum(channels + channel));
        let spread = f64::from(variance[channel]) + f64::from(epsilon);
        dbeta[channel] = level as f32;
        dgamma[channel] = (along / spread.sqrt()) as f32;
        factors[channels + channel] = (level / rows) as f32;
        factors[2 * channels + channel] = (along / rows / spread) as f32;
    }
    split::rows(dx, channels.max(1), |start, part| {
        let here = start * channels..start * channels + part.len();
        gradient_rows(&x[here.clone()], &dy[here], mean, &factors, part);
    });
}

#[cfg(test)]
mod tests;
