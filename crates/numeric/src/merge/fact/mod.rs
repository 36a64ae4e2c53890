//! What steps need to know of a whole tensor before they can be applied to a part of it.

mod chances;
mod important;

use super::cut::Cut;
use super::merged::Merged;

pub use chances::Chances;
pub use important::Important;

/// What a step needs to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// The largest elements of each model.
    Cuts(Vec<Cut>),
    /// The largest elements of one row for all models.
    Shared(Cut),
    /// A factor for each model, or one for each model and vector, all vectors of the first model first.
    Factors(Vec<f64>),
    /// What each rank in a row means, for each model.
    Chances(Vec<Chances>),
    /// What matters of each model.
    Important(Vec<Important>),
    /// The whole result.
    Merged(Merged),
}

impl Fact {
    /// Of the variant of that name; else none.
    pub fn cuts(&self) -> &[Cut] {
        match self {
            Fact::Cuts(cuts) => cuts,
            _ => &[],
        }
    }

    /// Of the variant of that name; else none.
    pub fn factors(&self) -> &[f64] {
        match self {
            Fact::Factors(factors) => factors,
            _ => &[],
        }
    }
}
