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

use panels::{Panels, Side};

use super::merged::Merged;
use super::pass::Pass;
use super::program::MatrixRule;
use super::source::Folding;
use super::vector::count_non_finite;
use crate::{Result, Task};

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
