//! A weighted mean of directions: in the tangent space of the sphere at their weighted Euclidean mean, mapped back to the sphere, times
//! the weighted mean of the norms. mergekit's Multi-SLERP (goddard.blog/posts/multislerp-wow-what-a-cool-idea).

use super::gram::Gram;
use crate::{Error, Reason, Result};

/// `epsilon` is added to norms before they divide. Errors: `Singular` when the directions of three or more cancel; two that cancel
/// are interpolated linearly.
pub fn coefficients(gram: &Gram, weights: &[f64], epsilon: f64) -> Result<Vec<f64>> {
    let norms: Vec<f64> = (0..gram.size()).map(|i| gram.norm(i)).collect();
    // Coefficients of the weighted mean of the directions, then of the mean direction m.
    let mut mean: Vec<f64> = weights
        .iter()
        .zip(&norms)
        .map(|(weight, norm)| {
            if *norm == 0.0 {
                0.0
            } else {
                weight / (norm + epsilon)
            }
        })
        .collect();
    let length = gram.length(&mean);
    if length <= epsilon {
        if weights.len() == 2 || norms.iter().all(|norm| *norm == 0.0) {
            return Ok(weights.to_vec());
        }
        return Err(Error::new(
            Reason::Singular,
            "the weighted directions of the models cancel",
        ));
    }
    let directed = mean.clone();
    mean.iter_mut().for_each(|c| *c /= length);
    // Σ wᵢ(uᵢ − (uᵢ·m)m) = Σ wᵢuᵢ − (Σ wᵢuᵢ·m)m.
    let along = gram.product(&directed, &mean);
    let tangent: Vec<f64> = directed
        .iter()
        .zip(&mean)
        .map(|(u, m)| u - along * m)
        .collect();
    let angle = gram.length(&tangent) + epsilon;
    let size: f64 = weights.iter().zip(&norms).map(|(w, n)| w * n).sum();
    let sinc = if angle > 0.0 {
        angle.sin() / angle
    } else {
        1.0
    };
    Ok(mean
        .iter()
        .zip(&tangent)
        .map(|(m, t)| size * (m * angle.cos() + t * sinc))
        .collect())
}
