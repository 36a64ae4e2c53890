//! The power-law tail of a spectrum by maximum likelihood and the Kolmogorov-Smirnov distance.
//! Clauset, Shalizi & Newman 2009, arXiv:0706.1062, equations 3.1, 3.2 and 3.9, without an upper cut.

use rayon::prelude::*;

use crate::{Result, Task};

/// Share of the mean eigenvalue that the cut is by default: above what rounding to bfloat16 adds to a matrix of low rank (2.6e-6 of the
/// mean for entries of one size, 5e-5 for outer products of normal vectors), so that rounding noise takes no part in the fit.
const SHARE: f64 = 1e-4;

/// Different eigenvalues that a tail needs.
pub const LEAST_TAIL: usize = 4;

/// Eigenvalues whose logarithms differ by less count as one. Rounding an orthogonal matrix to bfloat16 spreads its eigenvalues by 0.7 %;
/// those of a random matrix lie this close only when one side is 40,000 times the other.
const EQUAL: f64 = 0.02;

/// Eigenvalues that take no part in the fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cut {
    /// Those at or below 1e-4 of the mean eigenvalue, so that the fit does not depend on the scale of the matrix.
    OfMean,
    /// Those at or below a value. WeightWatcher's is 1e-5.
    At(f64),
}

impl Cut {
    fn value(self, eigenvalues: &[f64]) -> f64 {
        match self {
            Self::OfMean => SHARE * eigenvalues.iter().sum::<f64>() / eigenvalues.len() as f64,
            Self::At(value) => value,
        }
    }
}

/// Why a spectrum has no tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTail {
    /// This many eigenvalues are above the cut, fewer than a fit needs.
    TooFew(usize),
    /// What is above the cut has fewer than four different values up to rounding, or half of every tail is one value.
    Equal,
    /// No exponent above 1 fits.
    NoFit,
}

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

/// Whether ascending eigenvalues are equal up to rounding.
pub(super) fn are_equal(eigenvalues: &[f64]) -> bool {
    match (eigenvalues.first(), eigenvalues.last()) {
        (Some(first), Some(last)) => *last <= first * EQUAL.exp(),
        _ => true,
    }
}

/// Whether ascending logarithms are too nearly equal to have an exponent: fewer different values than a fit needs, or one that half of
/// them share.
fn is_degenerate(logs: &[f64]) -> bool {
    let (mut levels, mut start) = (0, 0);
    for end in 1..=logs.len() {
        if end < logs.len() && logs[end] - logs[start] <= EQUAL {
            continue;
        }
        if 2 * (end - start) >= logs.len() {
            return true;
        }
        levels += 1;
        start = end;
    }
    levels < LEAST_TAIL
}

/// Candidate tail that begins at `logs[0]` (ascending logarithms), whose sum of logarithms is `sum`: (alpha, distance).
fn candidate(logs: &[f64], sum: f64) -> Option<(f64, f64)> {
    if is_degenerate(logs) {
        return None;
    }
    let count = logs.len() as f64;
    let alpha = 1.0 + count / (sum - count * logs[0]);
    let distance = logs
        .iter()
        .enumerate()
        .map(|(j, log)| (1.0 - ((1.0 - alpha) * (log - logs[0])).exp() - j as f64 / count).abs())
        .fold(0.0, f64::max);
    (alpha > 1.0 && distance < 1.0).then_some((alpha, distance))
}

/// Fits the tail of ascending eigenvalues. Every eigenvalue is tried as its beginning, and the first with the smallest distance
/// wins. Takes O(n²) exponentials, shared between threads.
pub fn fit_power_law(
    eigenvalues: &[f64],
    cut: Cut,
    task: &Task,
) -> Result<std::result::Result<PowerLaw, NoTail>> {
    let cut = cut.value(eigenvalues);
    let first = eigenvalues.partition_point(|value| *value <= cut);
    let logs: Vec<f64> = eigenvalues[first..]
        .iter()
        .map(|value| value.ln())
        .collect();
    if logs.len() < LEAST_TAIL {
        return Ok(Err(NoTail::TooFew(logs.len())));
    }
    let mut sums = logs.clone();
    for i in (0..sums.len() - 1).rev() {
        sums[i] += sums[i + 1];
    }
    let fits: Vec<Option<(f64, f64)>> = (0..=logs.len() - LEAST_TAIL)
        .into_par_iter()
        .map(|i| {
            task.check()?;
            Ok(candidate(&logs[i..], sums[i]))
        })
        .collect::<Result<_>>()?;
    let mut best: Option<(usize, f64, f64)> = None;
    for (i, fit) in fits.iter().enumerate() {
        if let Some((alpha, distance)) = *fit
            && best.is_none_or(|(_, _, least)| distance < least)
        {
            best = Some((i, alpha, distance));
        }
    }
    let Some((best, alpha, distance)) = best else {
        let degenerate = (0..=logs.len() - LEAST_TAIL).all(|i| is_degenerate(&logs[i..]));
        return Ok(Err(if degenerate {
            NoTail::Equal
        } else {
            NoTail::NoFit
        }));
    };
    let xmin = eigenvalues[first + best];
    Ok(Ok(PowerLaw {
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

    type Fit = std::result::Result<PowerLaw, NoTail>;

    fn fit(values: &[f64]) -> Fit {
        fit_power_law(values, Cut::OfMean, &Task::new()).unwrap()
    }

    /// Of every list, also scaled by the square of 1e-6 to 1e6, the answer must be the same.
    fn at_every_scale(values: &[f64]) -> Fit {
        let plain = fit(values);
        for exponent in [-12, -6, 6, 12] {
            let scaled: Vec<f64> = values
                .iter()
                .map(|value| value * 10f64.powi(exponent))
                .collect();
            match (&plain, fit(&scaled)) {
                (Err(reason), other) => assert_eq!(other, Err(*reason), "1e{exponent}"),
                (Ok(tail), other) => {
                    let other = other.unwrap();
                    assert!((other.alpha - tail.alpha).abs() < 1e-9 * tail.alpha);
                    assert_eq!(other.spikes, tail.spikes);
                }
            }
        }
        plain
    }

    /// `count` eigenvalues that differ from `value` by a relative rounding error of up to `error`.
    fn rounded(value: f64, error: f64, count: usize) -> Vec<f64> {
        let mut values: Vec<f64> = (0..count)
            .map(|i| value * (1.0 + error * (i as f64 * 1.7).sin()))
            .collect();
        values.sort_by(f64::total_cmp);
        values
    }

    fn exact_quantiles(alpha: f64, count: usize) -> Vec<f64> {
        // Quantiles of density (a − 1) x^−a on [1, ∞): x = (1 − u)^(−1/(a−1)).
        (0..count)
            .map(|i| (1.0 - (i as f64 + 0.5) / count as f64).powf(-1.0 / (alpha - 1.0)))
            .collect()
    }

    #[test]
    fn recovers_the_exponent_of_exact_quantiles_at_every_scale() {
        let tail = at_every_scale(&exact_quantiles(3.0, 2000)).unwrap();
        assert!((tail.alpha - 3.0).abs() < 0.02, "{}", tail.alpha);
        assert!(tail.distance < 1e-3, "{}", tail.distance);
    }

    #[test]
    fn refuses_what_has_too_few_eigenvalues() {
        assert_eq!(fit(&[]), Err(NoTail::TooFew(0)));
        assert_eq!(at_every_scale(&[0.0; 12]), Err(NoTail::TooFew(0)));
        let mut rank = [0.0; 20];
        for (ones, value) in [3.0, 7.0, 20.0].into_iter().enumerate() {
            rank[19 - ones] = value;
            rank.sort_by(f64::total_cmp);
            // The noise of rounding to bfloat16 is below the cut.
            let noisy: Vec<f64> = rank.iter().map(|value| value.max(5e-5 * 0.15)).collect();
            assert_eq!(at_every_scale(&noisy), Err(NoTail::TooFew(ones + 1)));
        }
    }

    #[test]
    fn refuses_eigenvalues_that_are_equal_up_to_rounding() {
        // Of float64, float32, and of bfloat16, whose orthogonal matrices have eigenvalues in 1 ± 0.0033.
        for error in [0.0, 1e-15, 3e-7, 3.3e-3] {
            let equal = rounded(2.0, error, 64);
            assert_eq!(at_every_scale(&equal), Err(NoTail::Equal), "{error}");
            let mut outlier = equal.clone();
            outlier[63] = 300.0;
            assert_eq!(at_every_scale(&outlier), Err(NoTail::Equal), "{error}");
            let blocks = [equal, rounded(5.0, error, 32), rounded(50.0, error, 16)].concat();
            assert_eq!(at_every_scale(&blocks), Err(NoTail::Equal), "{error}");
            let projection = [vec![0.0; 40], rounded(1.0, error, 24)].concat();
            assert_eq!(at_every_scale(&projection), Err(NoTail::Equal), "{error}");
        }
    }

    #[test]
    fn fits_the_outliers_of_a_block() {
        let values = [rounded(0.1, 1e-7, 50), exact_quantiles(2.5, 30)].concat();
        let tail = at_every_scale(&values).unwrap();
        assert_eq!(tail.spikes, 30);
        assert!((tail.alpha - 2.5).abs() < 0.1, "{}", tail.alpha);
    }

    #[test]
    fn cuts_at_a_given_value() {
        let values: Vec<f64> = exact_quantiles(3.0, 100).iter().map(|x| 1e-6 * x).collect();
        let at = |cut| fit_power_law(&values, Cut::At(cut), &Task::new()).unwrap();
        assert_eq!(at(1e-4), Err(NoTail::TooFew(0)));
        assert_eq!(at(0.0), fit(&values));
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
        assert!(fit_power_law(&[1.0, 2.0, 3.0, 4.0], Cut::OfMean, &task).is_err());
    }
}
