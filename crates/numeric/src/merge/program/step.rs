//! One step of a program.

use serde::Deserialize;

use super::choices::{BaseUse, CountIn, Divisor, Quantile, Survivors};
use super::combination::{Along, Rule};
use super::matrix_rule::MatrixRule;
use crate::{Error, Reason, Result};

/// Size of the statistic that a step needs of each model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticSize {
    /// That of the tensor.
    Tensor,
    /// A square matrix of the tensor's columns.
    Columns,
    /// A bit an element, in bytes.
    Bits,
}

/// One step. At first a tile holds one row for each model; those that [`combine`](Step::combines) leave one row in all, and a
/// program has exactly one of these. Vectors have one entry for each model. `before` is the position of an earlier step.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// x ← x − base.
    Delta {
        /// Where there is no base.
        #[serde(default)]
        #[cfg_attr(test, ts(optional, as = "Option<_>"))]
        base: BaseUse,
    },
    /// Sets all but the largest magnitudes of each model to zero; among equal ones the earlier stay.
    KeepLargest {
        /// Elements of the whole tensor that each model keeps.
        counts: Vec<u64>,
    },
    /// Sets the largest magnitudes of each model to zero; among equal ones the earlier go.
    DropLargest {
        /// Elements of the whole tensor that go.
        counts: Vec<u64>,
    },
    /// Keeps each element with the probability given, independently.
    KeepRandom {
        /// Probabilities.
        densities: Vec<f64>,
        /// What becomes of those kept.
        survivors: Survivors,
    },
    /// Keeps each element with a probability that grows with the rank of its magnitude in its row, from density − spread for the
    /// smallest to density + spread for the largest. A density of 1 keeps all.
    KeepByRank {
        /// Mean probabilities.
        densities: Vec<f64>,
        /// Half the width of the probabilities.
        spreads: Vec<f64>,
        /// What becomes of those kept.
        survivors: Survivors,
    },
    /// Sets to zero what is no larger than the threshold.
    KeepAbove {
        /// The threshold.
        threshold: f64,
    },
    /// Sets to zero, in all models, all but the elements whose variance over the models is largest.
    KeepMostVaried {
        /// Share of the elements with a variance above zero that stays.
        share: f64,
        /// Arithmetic of the number that stays.
        count_in: CountIn,
    },
    /// Sets x to the base where the change matters little: |x − base| · KL(softmax of the row of x ‖ that of the base) below
    /// the median of the tensor plus 1.5 interquartile ranges.
    KeepImportant {
        /// How median and quartiles are read.
        quantile: Quantile,
    },
    /// x ← x / |x| · limit where |x| exceeds the limit.
    Clip {
        /// The limit.
        limit: f64,
        /// Magnitudes below this count as this.
        smallest: f64,
    },
    /// Scales each model to the L1 norm that it had before an earlier step.
    MatchL1 {
        /// Position of that step.
        before: usize,
    },
    /// Sets to zero what is not set in the model's mask, its statistic: a bit an element, the first in the highest bit of a byte.
    ApplyMask,
    /// Scales each row to the mean, over the models, of the L2 norms that they had before an earlier step.
    MatchMeanNorm {
        /// Position of that step.
        before: usize,
    },
    /// x ← weight · x.
    Weigh {
        /// The weights.
        weights: Vec<f64>,
    },
    /// Sets to zero what differs in sign from the sum over the models; a sum of zero counts as positive.
    ElectSign,
    /// Scales what only one model has by 1 + r·min(alpha, elements that it shares / elements that it alone has).
    AmplifyUnique {
        /// r.
        r: f64,
        /// alpha.
        alpha: f64,
    },
    /// Adds the models in order.
    Sum {
        /// What the sum is divided by.
        divisor: Divisor,
        /// Used by the divisor alone.
        weights: Vec<f64>,
    },
    /// The mean over the models that are not zero at the element, weighted by the mean square that each model had before an
    /// earlier step.
    MeanByEnergy {
        /// Position of that step.
        before: usize,
        /// Mean squares that add up to less count as equal.
        smallest_sum: f64,
        /// Divisors below this count as this.
        smallest_divisor: f64,
    },
    /// At each element the value of largest magnitude; of equal ones that are not equal in sign the positive.
    Largest,
    /// The sum over the models where enough of them need it, else zero. Model i needs it where |xᵢ| > lambda·|sum − xᵢ|.
    Consensus {
        /// lambda.
        lambda: f64,
        /// How many must need it.
        least: u32,
    },
    /// Σ cᵢxᵢ with coefficients that follow from the dot products of the models.
    Combine {
        /// How they follow.
        rule: Rule,
        /// Which vectors are multiplied.
        along: Along,
    },
    /// Σ wᵢFᵢxᵢ / Σ wᵢFᵢ, F the statistics plus a floor; where the divisor is zero the mean weighted by w alone.
    FisherMean {
        /// w.
        weights: Vec<f64>,
        /// Added to the statistics.
        #[serde(default)]
        #[cfg_attr(test, ts(optional, as = "Option<_>"))]
        floor: f64,
    },
    /// What a rule makes of whole matrices.
    Matrix {
        /// The rule.
        rule: MatrixRule,
    },
    /// One model where its mask is set, the base elsewhere, bits as they are.
    Select,
    /// x ← factor · x.
    Scale {
        /// The factor.
        factor: f64,
    },
    /// x ← x + base.
    AddBase {
        /// Where there is no base.
        #[serde(default)]
        #[cfg_attr(test, ts(optional, as = "Option<_>"))]
        base: BaseUse,
    },
}

impl Step {
    /// Whether the step fails without a base.
    pub fn needs_base(&self) -> bool {
        match self {
            Step::Delta { base } | Step::AddBase { base } => *base == BaseUse::Required,
            Step::KeepImportant { .. } | Step::Select => true,
            _ => false,
        }
    }

    /// Whether the step leaves one row.
    pub fn combines(&self) -> bool {
        matches!(
            self,
            Step::Sum { .. }
                | Step::MeanByEnergy { .. }
                | Step::Combine { .. }
                | Step::FisherMean { .. }
                | Step::Matrix { .. }
                | Step::Largest
                | Step::Consensus { .. }
                | Step::Select
        )
    }

    /// The statistic that the step needs of each model.
    pub fn statistic(&self) -> Option<StatisticSize> {
        match self {
            Step::FisherMean { .. } => Some(StatisticSize::Tensor),
            Step::ApplyMask | Step::Select => Some(StatisticSize::Bits),
            Step::Matrix { rule } if rule.needs_statistics() => Some(StatisticSize::Columns),
            _ => None,
        }
    }

    /// Whether the step needs whole rows of the tensor.
    pub fn needs_rows(&self) -> bool {
        matches!(
            self,
            Step::KeepByRank { .. }
                | Step::KeepImportant { .. }
                | Step::Combine {
                    along: Along::Rows,
                    ..
                }
        )
    }

    /// Whether the step needs a number for each column of the tensor.
    pub fn needs_columns(&self) -> bool {
        matches!(
            self,
            Step::Combine {
                along: Along::Columns,
                ..
            }
        )
    }

    /// Passes over the tensor that the step needs before it can be applied, about.
    pub fn passes(&self) -> u64 {
        match self {
            Step::KeepLargest { .. } | Step::DropLargest { .. } | Step::KeepImportant { .. } => 2,
            Step::KeepMostVaried { share, .. } if *share < 1.0 => 2,
            Step::MatchL1 { .. }
            | Step::MatchMeanNorm { .. }
            | Step::AmplifyUnique { .. }
            | Step::MeanByEnergy { .. }
            | Step::FisherMean { .. }
            | Step::Combine { .. } => 1,
            Step::Matrix { rule } => rule.passes(),
            _ => 0,
        }
    }

    /// Checks the step against the number of models and its position in the program.
    pub fn check(&self, models: usize, position: usize) -> Result<()> {
        let given = match self {
            Step::KeepLargest { counts } | Step::DropLargest { counts } => counts.len(),
            Step::KeepRandom { densities, .. } => densities.len(),
            Step::KeepByRank {
                densities, spreads, ..
            } if densities.len() == spreads.len() => densities.len(),
            Step::KeepByRank { .. } => 0,
            Step::Weigh { weights }
            | Step::Sum { weights, .. }
            | Step::FisherMean { weights, .. } => weights.len(),
            Step::Matrix { rule } => rule.models().unwrap_or(models),
            Step::Combine { rule, .. } => rule.models().unwrap_or(models),
            Step::Select => 1,
            _ => models,
        };
        if given != models {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!("a step for {given} models, {models} are merged"),
            ));
        }
        match self {
            Step::MatchL1 { before }
            | Step::MatchMeanNorm { before }
            | Step::MeanByEnergy { before, .. }
                if *before >= position =>
            {
                Err(Error::new(
                    Reason::OutOfRange,
                    format!("step {position} refers to step {before}, which is not earlier"),
                ))
            }
            _ => Ok(()),
        }
    }
}
