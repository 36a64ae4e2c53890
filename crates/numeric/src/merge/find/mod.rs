//! Finds what steps need to know of a whole tensor. Partial sums are added chunk by chunk.

mod coefficients;
mod factors;
mod important;
mod totals;
mod varied;

use super::cut::find_cuts;
use super::fact::{Chances, Fact};
use super::matrix;
use super::pass::{ModelRows, Pass, Scratch};
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::Step;
use super::source::Folding;
use crate::{Error, Reason, Result, Task};

use coefficients::coefficients;
use factors::{amplifications, energies, l1_factors, mean_norm_factors};
use important::important_parts;
use varied::most_varied;

/// The facts of all steps of a tensor.
pub fn find_facts<T: Folding>(
    merge: &TensorMerge,
    pool: &Pool<Scratch<T>>,
    task: &Task,
) -> Result<Vec<Option<Fact>>> {
    let mut facts = Vec::with_capacity(merge.steps.len());
    for (position, step) in merge.steps.iter().enumerate() {
        let pass = Pass::new(merge, &facts, pool, task);
        let fact = find(&pass, step, position, task).map_err(|error| {
            Error::new(
                error.reason,
                format!("tensor {:?}: {}", merge.name, error.detail),
            )
        })?;
        task.advance(step.passes() * merge.elements as u64);
        facts.push(fact);
    }
    Ok(facts)
}

fn find<T: Folding>(
    pass: &Pass<'_, T>,
    step: &Step,
    position: usize,
    task: &Task,
) -> Result<Option<Fact>> {
    let elements = pass.layout().elements as u64;
    Ok(Some(match step {
        Step::KeepLargest { counts } | Step::DropLargest { counts } => {
            let rows = ModelRows { pass, position };
            Fact::Cuts(find_cuts(counts, elements, &rows, task)?)
        }
        Step::KeepMostVaried { share, count_in } => {
            Fact::Shared(most_varied(pass, position, *share, *count_in, task)?)
        }
        Step::KeepByRank {
            densities,
            spreads,
            survivors,
        } => {
            let chances = |(density, spread): (&f64, &f64)| {
                Chances::new(pass.layout().row, *density, *spread, *survivors)
            };
            Fact::Chances(densities.iter().zip(spreads).map(chances).collect())
        }
        Step::KeepImportant { quantile } => {
            Fact::Important(important_parts(pass, position, *quantile, task)?)
        }
        Step::MatchL1 { before } => Fact::Factors(l1_factors(pass, *before, position)?),
        Step::MatchMeanNorm { before } => {
            Fact::Factors(mean_norm_factors(pass, *before, position)?)
        }
        Step::AmplifyUnique { r, alpha } => {
            Fact::Factors(amplifications(pass, position, *r, *alpha)?)
        }
        Step::MeanByEnergy {
            before,
            smallest_sum,
            ..
        } => Fact::Factors(energies(pass, *before, *smallest_sum)?),
        Step::Combine { rule, along } => Fact::Factors(coefficients(pass, position, rule, *along)?),
        Step::FisherMean { .. } => {
            check_statistics(pass, position)?;
            return Ok(None);
        }
        Step::Matrix { rule } => Fact::Merged(matrix::merge(pass, position, rule, task)?),
        _ => return Ok(None),
    }))
}

/// Fails for a statistic that is negative or not finite: the mean would be without sense there.
fn check_statistics<T: Folding>(pass: &Pass<'_, T>, position: usize) -> Result<()> {
    let mut worst = None;
    pass.reduce(
        &[position],
        size_of::<Option<usize>>(),
        || None,
        |found, _, tile| {
            let bad = |row: &Vec<T>| {
                row.iter()
                    .any(|x| !(*x >= T::default() && x.to_f64() < f64::INFINITY))
            };
            *found = found.or_else(|| tile.statistics.iter().position(bad));
        },
        |found: Option<usize>| worst = worst.or(found),
    )?;
    match worst {
        None => Ok(()),
        Some(model) => Err(Error::new(
            Reason::OutOfRange,
            format!("the statistic of model {model} is negative or not finite"),
        )),
    }
}
