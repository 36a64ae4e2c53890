//! What steps need to know of a whole tensor before they can be applied to a part of it. Partial sums are added chunk by chunk.

use super::combine::{Along, Gram, Rule, pairs};
use super::cut::{Cut, find_cuts};
use super::importance::important_parts;
use super::matrix::{self, Merged};
use super::pass::{ModelRows, Pass, Scratch};
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::Step;
use super::source::Folding;
use super::steps::important::Important;
use super::steps::rank::Chances;
use super::varied::most_varied;
use super::vector;
use crate::{Error, Reason, Result, Task};

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

/// L1 norms below this are not matched, as in mergekit.
const SMALLEST_L1: f64 = 1e-7;

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

fn add_to<N: std::ops::AddAssign>(totals: &mut [N], parts: impl IntoIterator<Item = N>) {
    for (total, part) in totals.iter_mut().zip(parts) {
        *total += part;
    }
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

fn l1_factors<T: Folding>(pass: &Pass<'_, T>, before: usize, position: usize) -> Result<Vec<f64>> {
    let models = pass.merge.models.len();
    let mut totals = vec![0.0; 2 * models];
    pass.reduce(
        &[before, position],
        size_of::<f64>() * 2 * models,
        || vec![0.0; 2 * models],
        |sums, stop, tile| {
            let half = if stop == before { 0 } else { models };
            add_to(
                &mut sums[half..],
                tile.active()
                    .iter()
                    .map(|row| vector::sum_of_magnitudes(row)),
            );
        },
        |sums| add_to(&mut totals, sums),
    )?;
    let (whole, kept) = totals.split_at(models);
    let factor = |(whole, kept): (&f64, &f64)| {
        if *whole < SMALLEST_L1 || *kept < SMALLEST_L1 {
            1.0
        } else {
            whole / kept
        }
    };
    Ok(whole.iter().zip(kept).map(factor).collect())
}

fn mean_norm_factors<T: Folding>(
    pass: &Pass<'_, T>,
    before: usize,
    position: usize,
) -> Result<Vec<f64>> {
    let models = pass.merge.models.len();
    let mut totals = vec![0.0; 2 * models];
    pass.reduce(
        &[before, position],
        size_of::<f64>() * 2 * models,
        || vec![0.0; 2 * models],
        |sums, stop, tile| {
            let half = if stop == before { 0 } else { models };
            let squares = tile.active().iter().map(|row| vector::dot(row, row));
            add_to(&mut sums[half..], squares);
        },
        |sums| add_to(&mut totals, sums),
    )?;
    let (whole, now) = totals.split_at(models);
    let mean = whole.iter().map(|square| square.sqrt()).sum::<f64>() / models as f64;
    let factor = |square: &f64| {
        if *square > 0.0 {
            mean / square.sqrt()
        } else {
            1.0
        }
    };
    Ok(now.iter().map(factor).collect())
}

fn amplifications<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    r: f64,
    alpha: f64,
) -> Result<Vec<f64>> {
    let models = pass.merge.models.len();
    let mut totals = vec![0u64; 2 * models];
    pass.reduce(
        &[position],
        size_of::<u64>() * 2 * models,
        || vec![0u64; 2 * models],
        |counts, _, tile| {
            add_to(
                counts,
                super::steps::count_shared(tile).into_iter().flatten(),
            );
        },
        |counts| add_to(&mut totals, counts),
    )?;
    let factor = |counts: &[u64]| {
        // Where a model alone has nothing, nothing is scaled.
        let ratio = counts[0] as f64 / counts[1].max(1) as f64;
        1.0 + r * ratio.clamp(0.0, alpha)
    };
    Ok(totals.chunks(2).map(factor).collect())
}

fn energies<T: Folding>(pass: &Pass<'_, T>, before: usize, smallest_sum: f64) -> Result<Vec<f64>> {
    let models = pass.merge.models.len();
    let mut totals = vec![0.0; models];
    pass.reduce(
        &[before],
        size_of::<f64>() * models,
        || vec![0.0; models],
        |sums, _, tile| add_to(sums, tile.active().iter().map(|row| vector::dot(row, row))),
        |sums| add_to(&mut totals, sums),
    )?;
    let means: Vec<f64> = totals
        .iter()
        .map(|total| total / pass.layout().elements as f64)
        .collect();
    let sum: f64 = means.iter().sum();
    if sum <= 0.0 || sum < smallest_sum {
        return Ok(vec![1.0 / models as f64; models]);
    }
    Ok(means.iter().map(|mean| mean / sum).collect())
}

fn coefficients<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    rule: &Rule,
    along: Along,
) -> Result<Vec<f64>> {
    let layout = pass.layout();
    let models = pass.merge.models.len();
    let pair_count = pairs(models).count();
    let vectors = match along {
        Along::Tensor => 1,
        Along::Rows => layout.elements / layout.row,
        Along::Columns => layout.columns,
    };
    // By vector for rows, else by pair: what a chunk adds is then one run of numbers.
    let mut products = vec![0.0; pair_count * vectors];
    let mut next = 0;
    pass.reduce(
        &[position],
        match along {
            Along::Rows => size_of::<f64>() * pair_count * layout.rows_of_chunk(),
            _ => size_of::<f64>() * pair_count * vectors,
        },
        || match along {
            Along::Rows => Vec::new(),
            _ => vec![0.0; pair_count * vectors],
        },
        |sums: &mut Vec<f64>, _, tile| match along {
            Along::Tensor => add_to(
                sums,
                pairs(models).map(|(i, j)| vector::dot(&tile.models[i], &tile.models[j])),
            ),
            Along::Rows => {
                for at in (0..tile.length).step_by(layout.row) {
                    let row = |model: usize| &tile.models[model][at..][..layout.row];
                    sums.extend(pairs(models).map(|(i, j)| vector::dot(row(i), row(j))));
                }
            }
            Along::Columns => {
                for ((i, j), sums) in pairs(models).zip(sums.chunks_mut(vectors)) {
                    add_column_products(sums, tile.start, &tile.models[i], &tile.models[j]);
                }
            }
        },
        |sums| match along {
            Along::Rows => {
                products[next..][..sums.len()].copy_from_slice(&sums);
                next += sums.len();
            }
            _ => add_to(&mut products, sums),
        },
    )?;
    let mut result = vec![0.0; models * vectors];
    for vector in 0..vectors {
        let of_vector = match along {
            Along::Rows => products[vector * pair_count..][..pair_count].to_vec(),
            _ => products
                .iter()
                .skip(vector)
                .step_by(vectors)
                .copied()
                .collect(),
        };
        let found = rule.coefficients(&Gram::new(models, of_vector))?;
        for (model, coefficient) in found.into_iter().enumerate() {
            result[model * vectors + vector] = coefficient;
        }
    }
    Ok(result)
}

/// sums[column] += x·y, for elements from position `start` of a tensor with `sums.len()` columns.
fn add_column_products<T: Folding>(sums: &mut [f64], start: usize, x: &[T], y: &[T]) {
    let columns = sums.len();
    let mut at = 0;
    while at < x.len() {
        let column = (start + at) % columns;
        let length = (columns - column).min(x.len() - at);
        let parts = x[at..][..length].iter().zip(&y[at..][..length]);
        for (sum, (x, y)) in sums[column..][..length].iter_mut().zip(parts) {
            *sum += x.to_f64() * y.to_f64();
        }
        at += length;
    }
}
