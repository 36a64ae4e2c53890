//! What steps leave open.

use serde::Deserialize;

/// What a weighted sum is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Divisor {
    /// Nothing.
    One,
    /// The sum of all weights.
    Weights,
    /// At each element, the sum of the weights of the models that are not zero there.
    PresentWeights,
}

/// What happens where there is no base.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BaseUse {
    /// An error.
    #[default]
    Required,
    /// Nothing: the base counts as zero.
    IfGiven,
}

/// What happens to elements that survive random dropping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Survivors {
    /// Nothing.
    Keep,
    /// They are divided by the probability of surviving, so that the mean over all draws is the element.
    DivideByProbability,
}

impl Survivors {
    /// What an element that survives with that probability is divided by.
    pub fn divisor(self, probability: f64) -> f64 {
        match self {
            Survivors::Keep => 1.0,
            Survivors::DivideByProbability => probability,
        }
    }
}

/// Arithmetic that a count is rounded down in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum CountIn {
    /// f32.
    F32,
    /// f64.
    F64,
}

/// A quantile that lies between two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Quantile {
    /// Interpolated linearly.
    Linear,
    /// The lower element.
    Lower,
}
