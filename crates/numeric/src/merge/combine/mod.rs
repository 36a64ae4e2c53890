//! Combinations Σ cᵢxᵢ whose coefficients follow from the dot products of the vectors: spherical means and interpolations, and
//! model stock. All products are in f64; the vectors are read once for them and once for the result.

mod gram;
mod karcher;
mod model_stock;
mod multislerp;
mod slerp;

use super::program::Rule;
use crate::Result;

pub use gram::{Gram, pairs};

/// The coefficients of a rule.
pub fn coefficients(rule: &Rule, gram: &Gram) -> Result<Vec<f64>> {
    match rule {
        Rule::Slerp { t, linear_above } => Ok(slerp::coefficients(gram, *t, *linear_above)),
        Rule::Multislerp { weights, epsilon } => multislerp::coefficients(gram, weights, *epsilon),
        Rule::Karcher {
            max_iterations,
            tolerance,
        } => Ok(karcher::coefficients(gram, *max_iterations, *tolerance)),
        Rule::ModelStock { smallest } => Ok(model_stock::coefficients(gram, *smallest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dot products of vectors.
    pub fn gram(vectors: &[&[f64]]) -> Gram {
        let dot =
            |(i, j): (usize, usize)| vectors[i].iter().zip(vectors[j]).map(|(x, y)| x * y).sum();
        Gram::new(vectors.len(), pairs(vectors.len()).map(dot).collect())
    }

    /// The combination itself.
    pub fn combined(rule: &Rule, vectors: &[&[f64]]) -> Vec<f64> {
        let coefficients = coefficients(rule, &gram(vectors)).unwrap();
        (0..vectors[0].len())
            .map(|at| {
                coefficients
                    .iter()
                    .zip(vectors)
                    .map(|(c, x)| c * x[at])
                    .sum()
            })
            .collect()
    }

    pub fn close(x: &[f64], y: &[f64]) {
        for (x, y) in x.iter().zip(y) {
            assert!((x - y).abs() <= 1e-12, "{x} instead of {y}");
        }
    }

    #[test]
    fn dot_products_are_found_in_both_orders() {
        let gram = gram(&[&[1.0, 2.0], &[3.0, -1.0], &[0.5, 4.0]]);
        assert_eq!((gram.dot(0, 1), gram.dot(1, 0)), (1.0, 1.0));
        assert_eq!((gram.dot(1, 2), gram.dot(2, 2)), (-2.5, 16.25));
    }

    // Halfway between (1, 0) and (0, 2): θ = 90°, coefficients sin 45°.
    #[test]
    fn slerp_of_perpendicular_vectors() {
        let rule = Rule::Slerp {
            t: 0.5,
            linear_above: 0.9995,
        };
        let half = 0.5f64.sqrt();
        close(
            &combined(&rule, &[&[1.0, 0.0], &[0.0, 2.0]]),
            &[half, 2.0 * half],
        );
        close(&combined(&rule, &[&[1.0, 2.0], &[1.0, 2.0]]), &[1.0, 2.0]);
        close(&combined(&rule, &[&[1.0, 0.0], &[-1.0, 0.0]]), &[0.0, 0.0]);
    }

    // With unit vectors at 0° and 90° and equal weights the mean is at 45° by symmetry; norms 1 and 3 give length 2.
    #[test]
    fn spherical_means_of_two_lie_between_them() {
        let expected = [2.0f64.sqrt(), 2.0f64.sqrt()];
        let vectors: [&[f64]; 2] = [&[1.0, 0.0], &[0.0, 3.0]];
        let multislerp = Rule::Multislerp {
            weights: vec![0.5, 0.5],
            epsilon: 0.0,
        };
        close(&combined(&multislerp, &vectors), &expected);
        let karcher = Rule::Karcher {
            max_iterations: 10,
            tolerance: 1e-9,
        };
        close(&combined(&karcher, &vectors), &expected);
    }

    // At the mean the logarithms of the directions add up to zero: checked for three directions of a plane, at angles 0, 1 and −0.4
    // their mean is the mean angle 0.2.
    #[test]
    fn the_karcher_mean_of_angles_is_their_mean() {
        let at = |angle: f64| [angle.cos(), angle.sin()];
        let (x, y, z) = (at(0.0), at(1.0), at(-0.4));
        let rule = Rule::Karcher {
            max_iterations: 100,
            tolerance: 1e-14,
        };
        close(&combined(&rule, &[&x, &y, &z]), &at(0.2));
    }

    #[test]
    fn a_model_that_is_zero_takes_no_part_in_the_direction() {
        let rule = Rule::Karcher {
            max_iterations: 10,
            tolerance: 1e-9,
        };
        close(&combined(&rule, &[&[0.0, 0.0], &[0.0, 3.0]]), &[0.0, 1.5]);
        close(&combined(&rule, &[&[0.0, 0.0], &[0.0, 0.0]]), &[0.0, 0.0]);
    }

    // cos θ = 0.5 for two vectors at 60°: t = 2·0.5/(1 + 0.5) = 2/3, so each has the coefficient 1/3.
    #[test]
    fn model_stock_goes_as_far_as_the_angle_says() {
        let rule = Rule::ModelStock { smallest: 0.0 };
        let gram = gram(&[&[1.0, 0.0], &[0.5, 0.75f64.sqrt()]]);
        close(
            &coefficients(&rule, &gram).unwrap(),
            &[1.0 / 3.0, 1.0 / 3.0],
        );
    }

    #[test]
    fn directions_that_cancel_are_refused() {
        let rule = Rule::Multislerp {
            weights: vec![1.0, 1.0, 1.0],
            epsilon: 1e-8,
        };
        let h = 0.75f64.sqrt();
        let vectors: [&[f64]; 3] = [&[1.0, 0.0], &[-0.5, h], &[-0.5, -h]];
        let error = coefficients(&rule, &gram(&vectors)).unwrap_err();
        assert_eq!(error.reason, crate::Reason::Singular);
    }
}
