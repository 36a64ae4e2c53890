//! Rotary position embedding (arXiv:2104.09864, equation 34) of pairs (i, i + d/2), as Llama's checkpoints have them.

use super::simd;
use super::split;

/// Cosine and sine of the angle of each position and pair, (length, d/2).
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Angles<'a> {
    pub cos: &'a [f32],
    pub sin: &'a [f32],
}

simd! {
    /// Rows of `width` from row number `start` on.
    fn rotate_rows(x: &[f32], angles: Angles<'_>, start: usize, heads: usize, width: usize, inverse: bool, out: &mut [f32]) {
        let half = width / 2;
        let length = angles.cos.len() / half;
        let sign = if inverse { -1.0 } else { 1.0 };
        for (i, (x, out)) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).enumerate() {
            let at = (start + i) / heads % length * half;
            let (cos, sin) = (&angles.cos[at..][..half], &angles.sin[at..][..half]);
            let (first, second) = x.split_at(half);
            let (left, right) = out.split_at_mut(half);
            for j in 0..half {
                let (c, s) = (cos[j], sign * sin[j]);
                left[j] = first[j] * c - second[j] * s;
                right[j] = second[j] * c + first[j] * s;
            }
        }
    }
}

/// Turns x (batch, length, heads, d) by the angles of its positions, or back. Panics if d is odd or sizes do not fit.
pub fn rotate(
    x: &[f32],
    angles: Angles<'_>,
    heads: usize,
    width: usize,
    inverse: bool,
    out: &mut [f32],
) {
    assert!(x.len() == out.len() && angles.cos.len() == angles.sin.len());
    if x.is_empty() {
        return;
    }
    let length = 2 * angles.cos.len() / width;
    assert!(width.is_multiple_of(2) && angles.cos.len() * 2 == length * width);
    assert!(x.len().is_multiple_of(length * heads * width));
    split::rows(out, width, |start, out| {
        let x = &x[start * width..][..out.len()];
        rotate_rows(x, angles, start, heads, width, inverse, out);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_turn_by_the_angle_of_their_position_and_back() {
        let (length, heads, width) = (3, 2, 4);
        let angle = |position: usize, pair: usize| position as f32 * (0.5 + pair as f32);
        let table = |of: fn(f32) -> f32| -> Vec<f32> {
            (0..length * 2).map(|i| of(angle(i / 2, i % 2))).collect()
        };
        let (cos, sin) = (table(f32::cos), table(f32::sin));
        let angles = Angles {
            cos: &cos,
            sin: &sin,
        };
        let x: Vec<f32> = (0..2 * length * heads * width)
            .map(|i| (i as f32).sin())
            .collect();
        let (mut turned, mut back) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        rotate(&x, angles, heads, width, false, &mut turned);
        rotate(&turned, angles, heads, width, true, &mut back);
        for (row, (x, y)) in x.chunks(width).zip(turned.chunks(width)).enumerate() {
            for pair in 0..2 {
                let (a, b) = (f64::from(x[pair]), f64::from(x[pair + 2]));
                let (s, c) = f64::from(angle(row / heads % length, pair)).sin_cos();
                assert!((f64::from(y[pair]) - (a * c - b * s)).abs() < 1e-6);
                assert!((f64::from(y[pair + 2]) - (b * c + a * s)).abs() < 1e-6);
            }
        }
        assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
