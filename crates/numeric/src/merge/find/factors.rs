//! A factor for each model: ratios of norms, shares of what only one model has, mean squares.

use super::super::pass::Pass;
use super::super::source::Folding;
use super::super::steps::count_shared;
use super::super::vector;
use super::totals::add_to;
use crate::Result;

/// L1 norms below this are not matched, as in mergekit.
const SMALLEST_L1: f64 = 1e-7;

pub fn l1_factors<T: Folding>(
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

pub fn mean_norm_factors<T: Folding>(
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

pub fn amplifications<T: Folding>(
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
            add_to(counts, count_shared(tile).into_iter().flatten());
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

pub fn energies<T: Folding>(
    pass: &Pass<'_, T>,
    before: usize,
    smallest_sum: f64,
) -> Result<Vec<f64>> {
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
