//! Spherical linear interpolation. Shoemake: Animating rotation with quaternion curves. SIGGRAPH 1985.

use super::gram::Gram;

/// sin((1−t)θ)/sin θ and sin(tθ)/sin θ, θ the angle between the two vectors; 1 − t and t where they are nearly parallel or
/// opposite. A vector of length zero is perpendicular to all.
pub fn coefficients(gram: &Gram, t: f64, linear_above: f64) -> Vec<f64> {
    let lengths = gram.norm(0) * gram.norm(1);
    let cosine = if lengths > 0.0 {
        gram.dot(0, 1) / lengths
    } else {
        0.0
    };
    if cosine.abs() > linear_above {
        return vec![1.0 - t, t];
    }
    let theta = cosine.acos();
    let sine = theta.sin();
    vec![((1.0 - t) * theta).sin() / sine, (t * theta).sin() / sine]
}
