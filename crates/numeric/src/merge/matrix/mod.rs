//! Methods that see whole matrices. A matrix is (out, in): the first dimension of the tensor, and all others as one.
//!
//! The models' matrices are never in memory as a whole: they are read in panels along one side, as often as a method needs them, and
//! what is kept are matrices of the size of the other side, and the result. Methods that need singular vectors take them from Gram
//! matrices of the shorter side in f64, whose eigenvalues are exact to 2⁻⁵² of the largest: singular values above 10⁻⁷ of the largest
//! have at least the precision of f32 data, smaller ones count as zero.

mod iso_c;
mod iso_cts;
mod knots_ties;
mod opcm;
mod panels;
mod recombine;
mod regmean;
mod spectrum;
mod svc;
mod tsv_merge;
mod wudi;

use serde::Deserialize;

use panels::{Panels, Side};

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
    let rows = || Panels::new(pass, position, Side::Rows, task);
    let tall = || Panels::tall(pass, position, task);
    let result = match rule {
        MatrixRule::TsvMerge => tsv_merge::merge(&tall(), task),
        MatrixRule::IsoC => iso_c::merge(&tall(), task),
        MatrixRule::IsoCts { common_fraction } => iso_cts::merge(&tall(), *common_fraction, task),
        MatrixRule::KnotsTies {
            densities,
            weights,
            normalize,
        } => {
            let layout = pass.layout();
            knots_ties::merge(&tall(), densities, weights, *normalize, layout, task)
        }
        MatrixRule::Wudi {
            iterations,
            learning_rate,
        } => wudi::merge(&rows(), *iterations, *learning_rate, task),
        MatrixRule::Svc { alpha, weights } => svc::merge(&tall(), *alpha, weights, task),
        MatrixRule::Opcm { alpha } => opcm::merge(&tall(), *alpha, task),
        MatrixRule::Regmean { alpha, weights } => {
            regmean::merge(pass, &rows(), *alpha, weights, task)
        }
    }?;
    Ok(T::keep(result))
}

fn is_finite<T: Folding>(pass: &Pass<'_, T>, position: usize) -> Result<bool> {
    let mut finite = true;
    pass.reduce(
        &[position],
        size_of::<bool>(),
        || true,
        |all, _, tile| *all &= tile.active().iter().all(|row| count_non_finite(row) == 0),
        |all| finite &= all,
    )?;
    Ok(finite)
}
