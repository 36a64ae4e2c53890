//! The bulk of a spectrum: a Marchenko-Pastur law fitted to its density, and what sticks out of it.
//! Marchenko & Pastur 1967; Martin & Mahoney 2021, arXiv:1810.01075, section 5.

use std::f64::consts::PI;

use super::density::{Density, estimate};
use super::minimise::{grid, nelder_mead};
use super::power_law::are_equal;

/// Residual where the law does not overlap the density's mode: worse than any overlapping one.
const MISSES: f64 = 1000.0;

/// A fitted bulk. Edges are in units of the eigenvalues, `sigma` in units of the rescaled ones (mean 1).
#[derive(Debug, Clone, PartialEq)]
pub struct Bulk {
    /// Standard deviation of the matrix entries that the law stands for.
    pub sigma: f64,
    /// Lower edge.
    pub min: f64,
    /// Upper edge.
    pub max: f64,
    /// Eigenvalues above the upper edge and its Tracy-Widom fluctuation.
    pub spikes: usize,
    /// Upper edge over the largest eigenvalue.
    pub soft_rank: f64,
    /// √(n / Σλ): singular values times this have mean square 1.
    pub scale: f64,
}

/// Edges σ²(1 ∓ 1/√Q)².
fn edges(q: f64, sigma: f64) -> (f64, f64) {
    let ratio = (1.0 / q).sqrt();
    (
        (sigma * (1.0 - ratio)).powi(2),
        (sigma * (1.0 + ratio)).powi(2),
    )
}

/// Squared distance between the density of eigenvalues and the Marchenko-Pastur law of `sigma`.
fn rectangular_residual(density: &Density, q: f64, sigma: f64) -> f64 {
    let (a, b) = edges(q, sigma);
    let end = density.x[density.x.len() - 1];
    if b < density.mode || b > end || a > density.mode {
        return density.x.len() as f64 * MISSES * MISSES;
    }
    let scale = q / (2.0 * PI * sigma * sigma);
    let law = |x: f64| {
        if x > a && x < b {
            scale / x * ((b - x) * (x - a)).sqrt()
        } else {
            0.0
        }
    };
    residual(density, law)
}

/// The same for a square matrix, on singular values: the quarter-circle law of radius 2σ.
fn square_residual(density: &Density, sigma: f64) -> f64 {
    let radius = 2.0 * sigma;
    let law = |x: f64| {
        if x < radius {
            (radius * radius - x * x).sqrt() / (PI * sigma * sigma)
        } else {
            0.0
        }
    };
    residual(density, law)
}

fn residual(density: &Density, law: impl Fn(f64) -> f64) -> f64 {
    density
        .x
        .iter()
        .zip(&density.y)
        .map(|(x, y)| (law(*x) - y).powi(2))
        .sum()
}

/// Fits the bulk of ascending eigenvalues of a matrix with `m` columns and aspect ratio `q` = rows / columns ≥ 1.
/// The search: σ from 0.05 to 2 in steps of 0.01 times the σ whose upper edge is the largest eigenvalue, then a simplex.
/// `None` when all eigenvalues are zero or equal up to rounding, or the density is negligible everywhere.
pub fn fit_bulk(eigenvalues: &[f64], q: f64, m: usize) -> Option<Bulk> {
    let scale = (eigenvalues.len() as f64).sqrt() / eigenvalues.iter().sum::<f64>().sqrt();
    if !(scale * scale).is_finite() || are_equal(eigenvalues) {
        return None;
    }
    let rescaled: Vec<f64> = eigenvalues
        .iter()
        .map(|value| scale * scale * value)
        .collect();
    let largest = *rescaled.last()?;
    let square = q == 1.0;
    let density = if square {
        estimate(
            &rescaled
                .iter()
                .map(|value| value.sqrt())
                .collect::<Vec<_>>(),
        )?
    } else {
        estimate(&rescaled)?
    };
    let cost = |sigma: f64| {
        if square {
            square_residual(&density, sigma)
        } else {
            rectangular_residual(&density, q, sigma)
        }
    };
    let unit = (largest / (1.0 + 1.0 / q.sqrt()).powi(2)).sqrt();
    let sigma = nelder_mead(cost, grid(cost, 0.05 * unit, 2.0 * unit, 0.01 * unit));
    let (min, max) = edges(q, sigma);
    let fluctuation = (max.powf(2.0 / 3.0) * (m as f64).powf(-2.0 / 3.0) / q.sqrt()).sqrt();
    let unscale = scale * scale;
    Some(Bulk {
        sigma,
        min: min / unscale,
        max: max / unscale,
        spikes: rescaled.len() - rescaled.partition_point(|value| *value <= max + fluctuation),
        soft_rank: max / largest,
        scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_edge_of_an_exact_law() {
        // Eigenvalues at the quantiles of the Marchenko-Pastur law with Q = 4, σ = 1: edges 0.25 and 2.25.
        let (q, n) = (4.0, 400);
        let (a, b) = edges(q, 1.0);
        let steps = 200_000;
        let width = (b - a) / f64::from(steps);
        let mut mass = 0.0;
        let mut values = Vec::new();
        for i in 0..steps {
            let x = a + (f64::from(i) + 0.5) * width;
            mass += q / (2.0 * PI * x) * ((b - x) * (x - a)).sqrt() * width;
            while values.len() < n && mass >= (values.len() as f64 + 0.5) / n as f64 {
                values.push(x);
            }
        }
        let bulk = fit_bulk(&values, q, n).unwrap();
        assert!((bulk.max - b).abs() < 0.03 * b, "{bulk:?}");
        assert_eq!(bulk.spikes, 0);
    }

    #[test]
    fn has_nothing_to_say_of_zero() {
        assert_eq!(fit_bulk(&[0.0; 20], 2.0, 20), None);
        assert_eq!(fit_bulk(&[1e-310; 20], 2.0, 20), None);
    }

    #[test]
    fn has_nothing_to_say_of_eigenvalues_that_are_equal_up_to_rounding() {
        for scale in [1e-12, 1.0, 1e12] {
            let values: Vec<f64> = (0..20)
                .map(|i| scale * (1.0 + 1e-7 * f64::from(i)))
                .collect();
            assert_eq!(fit_bulk(&values, 1.0, 20), None);
            assert_eq!(fit_bulk(&values, 2.0, 20), None);
        }
    }
}
