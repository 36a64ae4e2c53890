//! Combinations whose coefficients follow from dot products.

use serde::Deserialize;

/// Which vectors are multiplied with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Along {
    /// The tensor as one vector.
    Tensor,
    /// Each row: the last dimension.
    Rows,
    /// Each column: the first dimension.
    Columns,
}

/// How coefficients follow from dot products.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Spherical interpolation between two vectors.
    Slerp {
        /// Position between them.
        t: f64,
        /// The interpolation is linear where the cosine is larger.
        linear_above: f64,
    },
    /// A mean in the tangent space at the mean direction.
    Multislerp {
        /// For each model.
        weights: Vec<f64>,
        /// Added to norms.
        epsilon: f64,
    },
    /// The Riemannian mean of the directions.
    Karcher {
        /// Rounds at most.
        max_iterations: u32,
        /// Of the length of a round's step.
        tolerance: f64,
    },
    /// Towards the mean as far as the angles say.
    ModelStock {
        /// Products of norms below this count as this.
        smallest: f64,
    },
}

impl Rule {
    /// The number of models that the rule is for, if it is for one number only.
    pub fn models(&self) -> Option<usize> {
        match self {
            Rule::Slerp { .. } => Some(2),
            Rule::Multislerp { weights, .. } => Some(weights.len()),
            Rule::Karcher { .. } | Rule::ModelStock { .. } => None,
        }
    }
}
