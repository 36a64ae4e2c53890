//! The Riemannian mean of directions on the sphere, times the mean norm. Karcher 1977, doi:10.1002/cpa.3160300502, by the
//! usual fixed-point iteration u ← exp_u(mean of log_u).

use super::gram::Gram;

/// With equal weights. Vectors no longer than `tolerance` have no direction and count with their norm only.
pub fn coefficients(gram: &Gram, max_iterations: u32, tolerance: f64) -> Vec<f64> {
    let size = gram.size();
    let norms: Vec<f64> = (0..size).map(|i| gram.norm(i)).collect();
    let directed: Vec<usize> = (0..size).filter(|i| norms[*i] > tolerance).collect();
    let Some(first) = directed.first() else {
        return vec![0.0; size];
    };
    let alpha = 1.0 / directed.len() as f64;
    let mut mean = vec![0.0; size];
    for i in &directed {
        mean[*i] = alpha / norms[*i];
    }
    let length = gram.length(&mean);
    if length < tolerance {
        mean.fill(0.0);
        mean[*first] = 1.0 / norms[*first];
    } else {
        mean.iter_mut().for_each(|c| *c /= length);
    }
    for _ in 0..max_iterations {
        let step = mean_logarithm(gram, &mean, &directed, &norms, tolerance);
        let angle = gram.length(&step);
        if angle < tolerance {
            break;
        }
        for (c, s) in mean.iter_mut().zip(&step) {
            *c = angle.cos() * *c + angle.sin() * (s / angle);
        }
        let length = gram.length(&mean);
        if length > tolerance {
            mean.iter_mut().for_each(|c| *c /= length);
        }
    }
    let mean_norm = norms.iter().sum::<f64>() / size as f64;
    mean.iter().map(|c| c * mean_norm).collect()
}

/// Σ α·log_u(uᵢ), log_u(v) = θ/sin θ·(v − cos θ·u).
fn mean_logarithm(
    gram: &Gram,
    mean: &[f64],
    directed: &[usize],
    norms: &[f64],
    tolerance: f64,
) -> Vec<f64> {
    let alpha = 1.0 / directed.len() as f64;
    let mut step = vec![0.0; mean.len()];
    for i in directed {
        let with_mean: f64 = mean
            .iter()
            .enumerate()
            .map(|(j, c)| c * gram.dot(*i, j))
            .sum();
        let cosine = (with_mean / norms[*i]).clamp(-1.0, 1.0);
        let theta = cosine.acos();
        let sine = theta.sin();
        if theta < tolerance || sine == 0.0 {
            continue;
        }
        let factor = alpha * theta / sine;
        step[*i] += factor / norms[*i];
        for (s, c) in step.iter_mut().zip(mean) {
            *s -= factor * cosine * c;
        }
    }
    step
}
