//! Everything that one spectrum says.

use super::bulk::{Bulk, fit_bulk};
use super::determinant::{UnitTail, unit_tail};
use super::power_law::{Cut, NoTail, PowerLaw, fit_power_law};
use super::ranks::effective_rank;
use crate::{Error, Reason, Result, Task};

/// Eigenvalues below count as lost in the weak sense.
const WEAK: f64 = 1e-6;
/// Keeps logarithms of the entropy finite.
const SOFTENING: f64 = 1e-10;

/// Shape of the matrix, or of each slice when singular values of several are pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Larger dimension, N.
    pub larger: usize,
    /// Smaller dimension, M.
    pub smaller: usize,
}

/// Ranks by three definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranks {
    /// Singular values above s_max · N · 2⁻⁵².
    pub rank: usize,
    /// The others.
    pub loss: usize,
    /// Eigenvalues below 1e-6.
    pub weak_loss: usize,
}

/// A spectrum in numbers. What is undefined (of a zero matrix, of a failed fit) is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Largest singular value.
    pub sv_max: f64,
    /// Smallest singular value.
    pub sv_min: f64,
    /// Largest eigenvalue.
    pub lambda_max: f64,
    /// Sum of the eigenvalues: the squared Frobenius norm.
    pub norm: f64,
    /// Ranks.
    pub ranks: Ranks,
    /// Σλ / λ_max.
    pub stable_rank: Option<f64>,
    /// −Σ p ln p / ln rank, p = λ / Σλ.
    pub entropy: Option<f64>,
    /// exp(−Σ p ln p), p = s / Σs. Roy & Vetterli 2007.
    pub effective_rank: Option<f64>,
    /// The power-law tail.
    pub tail: Option<PowerLaw>,
    /// Why there is no tail.
    pub no_tail: Option<NoTail>,
    /// alpha · log₁₀ λ_max.
    pub alpha_weighted: Option<f64>,
    /// log₁₀ Σ λ^alpha over all eigenvalues.
    pub log_alpha_norm: Option<f64>,
    /// The tail of unit determinant.
    pub unit_tail: UnitTail,
    /// The Marchenko-Pastur bulk.
    pub bulk: Option<Bulk>,
}

fn entropy(eigenvalues: &[f64], rank: usize) -> Option<f64> {
    if rank < 2 {
        return None;
    }
    let total: f64 = eigenvalues.iter().sum();
    let sum: f64 = eigenvalues
        .iter()
        .map(|value| value / total + SOFTENING)
        .map(|p| p * p.ln())
        .sum();
    Some(-sum / (rank as f64 + SOFTENING).ln())
}

fn ranks(values: &[f64], eigenvalues: &[f64], larger: usize) -> Ranks {
    let limit = values[values.len() - 1] * larger as f64 * f64::EPSILON;
    let loss = values.partition_point(|value| *value <= limit);
    Ranks {
        rank: values.len() - loss,
        loss,
        weak_loss: eigenvalues.partition_point(|value| *value < WEAK),
    }
}

/// log₁₀ Σ λ^alpha, relative to the largest so that no power overflows.
fn log_power_sum(eigenvalues: &[f64], alpha: f64) -> f64 {
    let largest = eigenvalues[eigenvalues.len() - 1];
    let sum: f64 = eigenvalues
        .iter()
        .map(|value| (value / largest).powf(alpha))
        .sum();
    alpha * largest.log10() + sum.log10()
}

/// Describes singular values (any order, of one matrix or pooled over slices of one shape). `cut` is that of the power-law fit.
pub fn describe(singular_values: &[f64], shape: Shape, cut: Cut, task: &Task) -> Result<Spectrum> {
    if singular_values.is_empty() || shape.smaller == 0 {
        return Err(Error::new(
            Reason::ShapeMismatch,
            "an empty matrix has no spectrum",
        ));
    }
    if singular_values.iter().any(|value| !value.is_finite()) {
        return Err(Error::new(
            Reason::NonFinite,
            "singular values are not finite",
        ));
    }
    let mut values = singular_values.to_vec();
    values.sort_by(f64::total_cmp);
    let eigenvalues: Vec<f64> = values.iter().map(|value| value * value).collect();
    let lambda_max = eigenvalues[eigenvalues.len() - 1];
    let norm: f64 = eigenvalues.iter().sum();
    if !norm.is_finite() {
        return Err(Error::new(
            Reason::OutOfRange,
            "the squared norm is above the largest number of its precision",
        ));
    }
    let ranks = ranks(&values, &eigenvalues, shape.larger);
    let (tail, no_tail) = match fit_power_law(&eigenvalues, cut, task)? {
        Ok(tail) => (Some(tail), None),
        Err(reason) => (None, Some(reason)),
    };
    let alpha = tail.as_ref().map(|tail| tail.alpha);
    Ok(Spectrum {
        sv_max: values[values.len() - 1],
        sv_min: values[0],
        lambda_max,
        norm,
        ranks,
        stable_rank: (lambda_max > 0.0).then(|| norm / lambda_max),
        entropy: entropy(&eigenvalues, ranks.rank),
        effective_rank: effective_rank(&values),
        alpha_weighted: alpha.map(|alpha| alpha * lambda_max.log10()),
        log_alpha_norm: alpha.map(|alpha| log_power_sum(&eigenvalues, alpha)),
        tail,
        no_tail,
        unit_tail: unit_tail(&eigenvalues),
        bulk: fit_bulk(
            &eigenvalues,
            shape.larger as f64 / shape.smaller as f64,
            shape.smaller,
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        larger: 30,
        smaller: 12,
    };

    #[test]
    fn zero_has_ranks_and_nothing_else() {
        let spectrum = describe(&[0.0; 12], SHAPE, Cut::OfMean, &Task::new()).unwrap();
        assert_eq!(
            spectrum.ranks,
            Ranks {
                rank: 0,
                loss: 12,
                weak_loss: 12
            }
        );
        assert_eq!(spectrum.stable_rank, None);
        assert_eq!(spectrum.entropy, None);
        assert_eq!(spectrum.bulk, None);
    }

    #[test]
    fn equal_values_have_full_entropy_and_stable_rank() {
        let spectrum = describe(&[2.0; 12], SHAPE, Cut::OfMean, &Task::new()).unwrap();
        assert!((spectrum.stable_rank.unwrap() - 12.0).abs() < 1e-12);
        assert!((spectrum.entropy.unwrap() - 1.0).abs() < 1e-8);
        assert!((spectrum.effective_rank.unwrap() - 12.0).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_is_not_finite() {
        let error = describe(&[1.0, f64::NAN], SHAPE, Cut::OfMean, &Task::new()).unwrap_err();
        assert_eq!(error.reason, Reason::NonFinite);
    }
}
