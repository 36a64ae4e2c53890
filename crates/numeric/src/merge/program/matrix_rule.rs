//! How whole matrices are merged.

use serde::Deserialize;

/// How a matrix follows from those of the models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum MatrixRule {
    /// Singular triplets of all models, made orthogonal.
    TsvMerge,
    /// The sum with equal singular values.
    IsoC,
    /// Directions of the sum and of each model, with equal singular values.
    IsoCts {
        /// Share of the directions that are the sum's.
        common_fraction: f64,
    },
    /// TIES in common coordinates.
    KnotsTies {
        /// Share of the elements that each model keeps.
        densities: Vec<f64>,
        /// For each model.
        weights: Vec<f64>,
        /// Whether the sum is divided by the weights of those that agree.
        normalize: bool,
    },
    /// Least interference with the models, by Adam.
    Wudi {
        /// Steps.
        iterations: u32,
        /// Step size.
        learning_rate: f64,
    },
    /// The weighted sum, its singular values divided by how often the models count them.
    Svc {
        /// Smallest count of a model.
        alpha: f64,
        /// For each model.
        weights: Vec<f64>,
    },
    /// One model after the other, without what lies along the dominant directions of those before.
    Opcm {
        /// Share of the singular values that is dominant.
        alpha: f64,
    },
    /// Least squares on the models' activations.
    Regmean {
        /// What of the off-diagonal elements of the statistics stays.
        alpha: f64,
        /// For each model.
        weights: Vec<f64>,
    },
}

impl MatrixRule {
    /// Whether each model needs a statistic of (in, in).
    pub fn needs_statistics(&self) -> bool {
        matches!(self, MatrixRule::Regmean { .. })
    }

    /// The number of models that the rule is for, if it is for one number only.
    pub fn models(&self) -> Option<usize> {
        match self {
            MatrixRule::Regmean { weights, .. } | MatrixRule::Svc { weights, .. } => {
                Some(weights.len())
            }
            // A length of its own where the two differ, which fits no number of models.
            MatrixRule::KnotsTies {
                densities, weights, ..
            } => Some(if densities.len() == weights.len() {
                weights.len()
            } else {
                0
            }),
            _ => None,
        }
    }

    /// The work in passes over the tensor, very roughly: it grows with the matrix.
    pub fn passes(&self) -> u64 {
        match self {
            MatrixRule::Wudi { iterations, .. } => 20 + u64::from(*iterations),
            _ => 20,
        }
    }
}
