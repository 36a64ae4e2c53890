//! The steps that methods are made of, as data. A method is a short list of them for each tensor; adding a method adds steps, never
//! flags.

mod choices;
mod combination;
mod matrix_rule;
mod step;

pub use choices::{BaseUse, CountIn, Divisor, Quantile, Survivors};
pub use combination::{Along, Rule};
pub use matrix_rule::MatrixRule;
pub use step::{StatisticSize, Step};
