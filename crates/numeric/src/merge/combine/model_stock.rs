//! Model Stock. Jang, Yun and Han 2024, arXiv:2403.19522: the vectors are those from the base to the models.

use super::gram::{Gram, pairs};

/// t/N for each of N vectors, t = N·cos θ / (1 + (N−1)·cos θ), cos θ the mean over all pairs. Products of norms below `smallest`
/// count as that; vectors of length zero have the cosine 0, and where the denominator vanishes t is 0.
pub fn coefficients(gram: &Gram, smallest: f64) -> Vec<f64> {
    let size = gram.size();
    let mut cosines = 0.0;
    for (i, j) in pairs(size).filter(|(i, j)| i < j) {
        let lengths = (gram.norm(i) * gram.norm(j)).max(smallest);
        if lengths > 0.0 {
            cosines += (gram.dot(i, j) / lengths).clamp(-1.0, 1.0);
        }
    }
    let count = (size * (size - 1) / 2).max(1);
    let cosine = cosines / count as f64;
    let denominator = 1.0 + (size as f64 - 1.0) * cosine;
    let t = if denominator == 0.0 {
        0.0
    } else {
        size as f64 * cosine / denominator
    };
    vec![t / size as f64; size]
}
