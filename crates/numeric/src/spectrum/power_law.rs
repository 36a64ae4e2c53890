//! The power-law tail of a spectrum by maximum likelihood and the Kolmogorov-Smirnov distance.
//! Clauset, Shalizi & Newman 2009, arXiv:0706.1062, equations 3.1, 3.2 and 3.9, without an upper cut.

use rayon::prelude::*;

use crate::{Result, Task};

/// Eigenvalues at or below do not take part in the fit.
const THRESHOLD: f64 = 1e-5;

/// A fitted tail: density ∝ λ^−alpha for λ ≥ xmin.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerLaw {
    /// Exponent.
    pub alpha: f64,
    /// Eigenvalue at which the tail begins.
    pub xmin: f64,
    /// Largest eigenvalue.
    pub xmax: f64,
    /// Kolmogorov-Smirnov distance between the tail and the fit.
    pub distance: f64,
    /// Standard error of alpha, (alpha − 1)/√(tail length).
    pub sigma: f64,
    /// Eigenvalues in the tail.
    pub spikes: usize,
}

/// Candidate tail that begins at `logs[0]` (ascending logarithms), whose sum of logarithms is `sum`: (alpha, distance).
fn candidate(logs: &[f64], sum: f64) -> (f64, f64) {
    let count = logs.len() as f64;
    let alpha = 1.0 + count / (sum - count * logs[0]);
    if alpha.is_nan() || alpha <= 1.0 || alpha.is_infinite() {
        return (alpha, 1.0);
    }
    let distance = logs
        .iter()
        .enumerate()
        .map(|(j, log)| (1.0 - ((1.0 - alpha) * (log - logs[0])).exp() - j as f64 / count).abs())
        .fold(0.0, f64::max);
    (alpha, distance)
}

/// Fits the tail of ascending eigenvalues. Every eigenvalue but the last is tried as its beginning, and the first with the
/// smallest distance wins. Takes O(n²) exponentials, shared between threads. `None` where no tail can be fitted.
pub fn fit_power_law(eigenvalues: &[f64], task: &Task) -> Result<Option<PowerLaw>> {
    let first = eigenvalues.partition_point(|value| *value <= THRESHOLD);
    let logs: Vec<f64> = eigenvalues[first..]
        .iter()
        .map(|value| value.ln())
        .collect();
    if logs.len() < 2 {
        return Ok(None);
    }
    let mut sums = logs.clone();
    for i in (0..sums.len() - 1).rev() {
        sums[i] += sums[i + 1];
    }
    let fits: Vec<(f64, f64)> = (0..logs.len() - 1)
        .into_par_iter()
        .map(|i| {
            task.check()?;
            Ok(candidate(&logs[i..], sums[i]))
        })
        .collect::<Result<_>>()?;
    let mut best = 0;
    for (i, fit) in fits.iter().enumerate() {
        if fit.1 < fits[best].1 {
            best = i;
        }
    }
    let (alpha, distance) = fits[best];
    if distance >= 1.0 {
        return Ok(None);
    }
    let xmin = eigenvalues[first + best];
    Ok(Some(PowerLaw {
        alpha,
        xmin,
        xmax: eigenvalues[eigenvalues.len() - 1],
        distance,
        sigma: (alpha - 1.0) / ((logs.len() - best) as f64).sqrt(),
        spikes: eigenvalues.len() - eigenvalues.partition_point(|value| *value < xmin),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(values: &[f64]) -> Option<PowerLaw> {
        fit_power_law(values, &Task::new()).unwrap()
    }

    #[test]
    fn recovers_the_exponent_of_exact_quantiles() {
        // Quantiles of density (a − 1) x^−a on [1, ∞): x = (1 − u)^(−1/(a−1)).
        let alpha = 3.0;
        let values: Vec<f64> = (0..2000)
            .map(|i| (1.0 - (i as f64 + 0.5) / 2000.0).powf(-1.0 / (alpha - 1.0)))
            .collect();
        let tail = fit(&values).unwrap();
        assert!((tail.alpha - alpha).abs() < 0.02, "{}", tail.alpha);
        assert!(tail.distance < 1e-3, "{}", tail.distance);
    }

    #[test]
    fn refuses_what_has_no_tail() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[1e-6, 1e-5, 2.0]), None);
        assert_eq!(fit(&[2.0; 12]), None);
    }

    #[test]
    fn does_not_depend_on_the_number_of_threads() {
        let values: Vec<f64> = (1..400).map(|i| 0.01 * f64::from(i).powf(1.7)).collect();
        let on = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| fit(&values))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn stops_when_cancelled() {
        let task = Task::new();
        task.cancel();
        assert!(fit_power_law(&[1.0, 2.0, 3.0], &task).is_err());
    }
}
