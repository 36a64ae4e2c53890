//! Methods that see whole matrices. A matrix is (out, in): the first dimension of the tensor, and all others as one.
//!
//! The models' matrices are never in memory as a whole: they are read in panels along one side, as often as a method needs them, and
//! what is kept are matrices of the size of the other side, and the result. Methods that need singular vectors take them from Gram
//! matrices of the shorter side in f64, whose eigenvalues are exact to 2⁻⁵² of the largest: singular values above 10⁻⁷ of the largest
//! have at least the precision of f32 data, smaller ones count as zero.

mod panels;
mod regmean;

use serde::Deserialize;

use super::chunk::Tile;
use super::pass::Pass;
use super::real::MergeReal;
use super::source::Folding;
use super::vector::count_non_finite;
use crate::{Result, Task};

/// How a matrix follows from those of the models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum MatrixRule {
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
            MatrixRule::Regmean { weights, .. } => Some(weights.len()),
        }
    }

    /// The work in passes over the tensor, very roughly: it grows with the matrix.
    pub fn passes(&self) -> u64 {
        match self {
            MatrixRule::Regmean { .. } => 20,
        }
    }
}

/// A whole result, in the precision of the arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub enum Merged {
    /// f32.
    Narrow(Vec<f32>),
    /// f64.
    Wide(Vec<f64>),
    /// Not a number: the models have values that are not finite.
    Undefined,
}

/// A precision that results are kept in.
pub trait Kept: Sized {
    /// Keeps a result.
    fn keep(values: Vec<Self>) -> Merged;
}

impl Kept for f32 {
    fn keep(values: Vec<Self>) -> Merged {
        Merged::Narrow(values)
    }
}

impl Kept for f64 {
    fn keep(values: Vec<Self>) -> Merged {
        Merged::Wide(values)
    }
}

impl Merged {
    /// Makes the part that a tile covers its only row.
    pub fn copy_to<T: MergeReal>(&self, tile: &mut Tile<T>) {
        let range = tile.start..tile.start + tile.length;
        tile.sum.clear();
        match self {
            Merged::Narrow(values) => tile
                .sum
                .extend(values[range].iter().map(|x| T::from_f64(f64::from(*x)))),
            Merged::Wide(values) => tile
                .sum
                .extend(values[range].iter().map(|x| T::from_f64(*x))),
            Merged::Undefined => tile.sum.resize(tile.length, T::from_f64(f64::NAN)),
        }
        tile.replace_by_sum();
    }
}

/// The result of a rule.
pub fn merge<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    rule: &MatrixRule,
    task: &Task,
) -> Result<Merged> {
    if pass.layout().elements == 0 {
        return Ok(T::keep(Vec::new()));
    }
    if !is_finite(pass, position)? {
        return Ok(Merged::Undefined);
    }
    let result = match rule {
        MatrixRule::Regmean { alpha, weights } => {
            regmean::merge(pass, position, *alpha, weights, task)
        }
    }?;
    Ok(T::keep(result))
}

fn is_finite<T: Folding>(pass: &Pass<'_, T>, position: usize) -> Result<bool> {
    let mut finite = true;
    pass.reduce(
        &[position],
        || true,
        |all, _, tile| *all &= tile.active().iter().all(|row| count_non_finite(row) == 0),
        |all| finite &= all,
    )?;
    Ok(finite)
}
