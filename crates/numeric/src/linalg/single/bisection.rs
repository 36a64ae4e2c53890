//! Singular values of a bidiagonal matrix B by bisection.
//!
//! The negative pivots of BᵀB − σ² I count the singular values below σ (Sylvester's law of inertia; Barth, Martin and Wilkinson 1967,
//! doi:10.1007/BF02162154). Many σ are counted at once, each by itself, so values do not depend on how they are spread over threads.

use rayon::prelude::*;

use super::bidiagonal::Bidiagonal;
use crate::kernels::simd::simd;
use crate::{Result, Task};

/// Values that are bisected side by side.
const LANES: usize = 32;

/// Halvings of the interval from 0 to a bound of the largest value: to 2⁻²⁸ of it, below f32's last place. What stays in the lowest is 0.
const HALVINGS: usize = 28;

/// All n singular values of a matrix of unit scale, largest first.
pub(super) fn values(b: &Bidiagonal, task: &Task) -> Result<Vec<f64>> {
    let n = b.diagonal.len();
    let before = |row: usize| if row > 0 { b.above[row - 1] } else { 0.0 };
    let diagonal: Vec<f64> = (0..n)
        .map(|row| b.diagonal[row].powi(2) + before(row).powi(2))
        .collect();
    // A square of 0 beside a pivot of 0 would be NaN.
    let beside: Vec<f64> = (0..n)
        .map(|row| match row {
            0 => 0.0,
            _ => (b.diagonal[row - 1] * b.above[row - 1]).powi(2) + f64::MIN_POSITIVE,
        })
        .collect();
    // ‖B‖ ≤ √(‖B‖₁ ‖B‖∞).
    let bound = |beside: &dyn Fn(usize) -> f64| {
        (0..n)
            .map(|row| b.diagonal[row].abs() + beside(row).abs())
            .fold(0.0, f64::max)
    };
    let limit = (bound(&before) * bound(&|row| b.above[row])).sqrt();
    let mut result = vec![0.0; n];
    result
        .par_chunks_mut(LANES)
        .enumerate()
        .try_for_each(|(at, values)| -> Result<()> {
            task.check()?;
            // Value k from above has n − 1 − k below it.
            let wanted =
                std::array::from_fn(|lane| (n - 1).saturating_sub(at * LANES + lane) as f64);
            let found = bisect(&diagonal, &beside, limit, &wanted);
            values.copy_from_slice(&found[..values.len()]);
            Ok(())
        })?;
    Ok(result)
}

simd! {
    /// Each lane's value: with `wanted` values below it.
    fn bisect(diagonal: &[f64], beside: &[f64], limit: f64, wanted: &[f64; LANES]) -> [f64; LANES] {
        let (mut low, mut high) = ([0.0; LANES], [limit; LANES]);
        for _ in 0..HALVINGS {
            let mut middle = [0.0; LANES];
            let mut square = [0.0; LANES];
            for lane in 0..LANES {
                middle[lane] = 0.5 * (low[lane] + high[lane]);
                square[lane] = middle[lane] * middle[lane];
            }
            let mut pivot = [1.0; LANES];
            let mut below = [0.0; LANES];
            for (diagonal, beside) in diagonal.iter().zip(beside) {
                for lane in 0..LANES {
                    pivot[lane] = (diagonal - square[lane]) - beside / pivot[lane];
                    below[lane] += if pivot[lane] < 0.0 { 1.0 } else { 0.0 };
                }
            }
            for lane in 0..LANES {
                if below[lane] > wanted[lane] {
                    high[lane] = middle[lane];
                } else {
                    low[lane] = middle[lane];
                }
            }
        }
        std::array::from_fn(|lane| {
            if low[lane] > 0.0 { 0.5 * (low[lane] + high[lane]) } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(diagonal: &[f64], above: &[f64]) -> Vec<f64> {
        let b = Bidiagonal {
            diagonal: diagonal.to_vec(),
            above: above.to_vec(),
            vectors: None,
        };
        values(&b, &Task::new()).unwrap()
    }

    #[test]
    fn values_of_diagonal_matrices_are_their_magnitudes() {
        let found = of(&[0.0, -3.0, 1.0, 1.0, 1e-9], &[0.0; 5]);
        for (found, expected) in found.iter().zip([3.0, 1.0, 1.0, 0.0, 0.0]) {
            assert!((found - expected).abs() < 3e-8, "{found} {expected}");
        }
        assert_eq!(of(&[0.0, 0.0], &[0.0; 2]), [0.0, 0.0]);
    }

    /// Ones on and above the diagonal: BᵀB is the second difference with one end free, 2 − 2 cos((2k − 1) π / (2n + 1)).
    #[test]
    fn values_of_a_difference_are_cosines() {
        for n in [1, 2, 31, 33, 200] {
            let mut above = vec![1.0; n];
            above[n - 1] = 0.0;
            let found = of(&vec![1.0; n], &above);
            for (at, found) in found.iter().enumerate() {
                let angle = std::f64::consts::PI * (at + 1) as f64 / (2 * n + 1) as f64;
                let expected = 2.0 * angle.cos();
                assert!((found - expected).abs() < 3e-8, "{n}: {found} {expected}");
            }
        }
    }
}
