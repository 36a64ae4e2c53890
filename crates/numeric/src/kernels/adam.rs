//! One step of AdamW, fused. Kingma & Ba 2014, arXiv:1412.6980, Algorithm 1; Loshchilov & Hutter 2017, arXiv:1711.05101.

use super::simd;
use super::split::{self, Shared};

/// The factors of one step, made by the caller in double precision.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// 1 − β₁ and 1 − β₂.
    pub complements: (f32, f32),
    /// Added to the root.
    pub epsilon: f32,
    /// η / (1 − β₁ᵗ).
    pub rate: f32,
    /// 1 / (1 − β₂ᵗ).
    pub correction: f32,
    /// 1 − η λ.
    pub kept: f32,
    /// Factor of the gradient.
    pub scale: f32,
}

simd! {
    fn update_part(s: Step, p: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32]) {
        let n = p.len();
        let (m, v, g) = (&mut m[..n], &mut v[..n], &g[..n]);
        for i in 0..n {
            let gradient = g[i] * s.scale;
            m[i] = m[i] * s.beta1 + gradient * s.complements.0;
            v[i] = v[i] * s.beta2 + gradient * gradient * s.complements.1;
            p[i] = p[i] * s.kept - m[i] / ((v[i] * s.correction).sqrt() + s.epsilon) * s.rate;
        }
    }
}

/// Updates a parameter and its moments in place.
pub fn update(step: Step, parameter: &mut [f32], m: &mut [f32], v: &mut [f32], gradient: &[f32]) {
    let length = parameter.len();
    assert!(m.len() == length && v.len() == length && gradient.len() == length);
    let (m, v) = (Shared(m.as_mut_ptr()), Shared(v.as_mut_ptr()));
    split::rows(parameter, 1, |start, part| {
        // SAFETY: each part has its own range of all arrays.
        let (m, v) = unsafe {
            (
                std::slice::from_raw_parts_mut(m.at(start), part.len()),
                std::slice::from_raw_parts_mut(v.at(start), part.len()),
            )
        };
        update_part(step, part, m, v, &gradient[start..start + part.len()]);
    });
}
