//! What each step does to a tile, one family a file.

mod consensus;
pub mod important;
mod mask;
mod random;
pub mod rank;

use super::chunk::{Layout, Tile};
use super::combine::Along;
use super::fact::Fact;
use super::program::{Divisor, Step, Survivors};
use super::real::MergeReal;
use super::vector;
use crate::random::Stream;

pub use consensus::{count_shared, variance};

/// What a step may know beside the tile.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// What a pass over the whole tensor found out for this step.
    pub fact: Option<&'a Fact>,
    /// How the tensor is cut.
    pub layout: Layout,
    /// Random numbers of each model.
    pub streams: &'a [Stream],
}

/// Sums of weights smaller than this count as one, as in mergekit.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// Applies a step.
pub fn apply<T: MergeReal>(step: &Step, tile: &mut Tile<T>, with: &Surroundings<'_>) {
    let start = tile.start;
    match step {
        Step::Delta { .. } => {
            let Tile {
                models, base, rows, ..
            } = tile;
            if !base.is_empty() {
                models[..*rows]
                    .iter_mut()
                    .for_each(|row| vector::subtract(row, base));
            }
        }
        Step::AddBase { .. } => {
            let Tile {
                models, base, rows, ..
            } = tile;
            if !base.is_empty() {
                models[..*rows]
                    .iter_mut()
                    .for_each(|row| vector::add(row, base));
            }
        }
        Step::KeepLargest { .. } => {
            let cuts = with.fact.map_or(&[][..], Fact::cuts);
            for (row, cut) in tile.active_mut().iter_mut().zip(cuts) {
                cut.keep(start, row);
            }
        }
        Step::DropLargest { .. } => {
            let cuts = with.fact.map_or(&[][..], Fact::cuts);
            for (row, cut) in tile.active_mut().iter_mut().zip(cuts) {
                cut.drop(start, row);
            }
        }
        Step::KeepMostVaried { .. } => {
            if let Some(Fact::Shared(cut)) = with.fact {
                let mut variances = std::mem::take(&mut tile.sum);
                consensus::variance(tile, &mut variances);
                tile.sum = variances;
                let Tile {
                    models, sum, rows, ..
                } = tile;
                models[..*rows]
                    .iter_mut()
                    .for_each(|row| cut.keep_where(start, row, sum));
            }
        }
        Step::KeepRandom {
            densities,
            survivors,
        } => {
            random::keep(tile, densities, *survivors, with.streams);
        }
        Step::KeepByRank { densities, .. } => {
            rank::keep(tile, densities, with);
        }
        Step::KeepAbove { threshold } => {
            let threshold = T::from_f64(*threshold);
            tile.active_mut()
                .iter_mut()
                .for_each(|row| vector::keep_above(row, threshold));
        }
        Step::KeepImportant { .. } => {
            if let Some(Fact::Important(found)) = with.fact {
                important::keep(tile, found, with.layout.row);
            }
        }
        Step::Clip { limit, smallest } => {
            let (limit, smallest) = (T::from_f64(*limit), T::from_f64(*smallest));
            tile.active_mut()
                .iter_mut()
                .for_each(|row| vector::clip(row, limit, smallest));
        }
        Step::MatchL1 { .. } | Step::MatchMeanNorm { .. } => {
            let factors = with.fact.map_or(&[][..], Fact::factors);
            for (row, factor) in tile.active_mut().iter_mut().zip(factors) {
                if *factor != 1.0 {
                    vector::multiply(row, T::from_f64(*factor));
                }
            }
        }
        Step::Weigh { weights } => {
            for (row, weight) in tile.active_mut().iter_mut().zip(weights) {
                vector::multiply(row, T::from_f64(*weight));
            }
        }
        Step::Scale { factor } => {
            let factor = T::from_f64(*factor);
            tile.active_mut()
                .iter_mut()
                .for_each(|row| vector::multiply(row, factor));
        }
        Step::ElectSign => consensus::elect_sign(tile),
        Step::AmplifyUnique { .. } => {
            consensus::amplify_unique(tile, with.fact.map_or(&[][..], Fact::factors));
        }
        Step::Sum { divisor, weights } => sum(tile, *divisor, weights),
        Step::MeanByEnergy {
            smallest_divisor, ..
        } => {
            consensus::mean_by_energy(
                tile,
                with.fact.map_or(&[][..], Fact::factors),
                *smallest_divisor,
            );
        }
        Step::FisherMean { weights, floor } => consensus::fisher_mean(tile, weights, *floor),
        Step::ApplyMask => mask::apply(tile),
        Step::Largest => consensus::largest(tile),
        Step::Consensus { lambda, least } => consensus::needed_by(tile, *lambda, *least),
        Step::Matrix { .. } => {
            if let Some(Fact::Merged(merged)) = with.fact {
                merged.copy_to(tile);
            }
        }
        Step::Select => mask::select(tile),
        Step::Combine { along, .. } => {
            combine(
                tile,
                *along,
                with.fact.map_or(&[][..], Fact::factors),
                with.layout,
            );
        }
    }
}

fn sum<T: MergeReal>(tile: &mut Tile<T>, divisor: Divisor, weights: &[f64]) {
    consensus::add_up(tile);
    match divisor {
        Divisor::One => {}
        Divisor::Weights => {
            let total: f64 = weights.iter().sum();
            let total = if total.abs() < SMALLEST_DIVISOR {
                1.0
            } else {
                total
            };
            vector::divide(&mut tile.sum, T::from_f64(total));
        }
        Divisor::PresentWeights => {
            let totals = consensus::present_weights(tile, weights);
            vector::divide_each(&mut tile.sum, &totals, SMALLEST_DIVISOR, 1.0);
        }
    }
    tile.replace_by_sum();
}

/// Σ cᵢxᵢ; `coefficients` are one for each model and vector, all vectors of the first model first.
fn combine<T: MergeReal>(tile: &mut Tile<T>, along: Along, coefficients: &[f64], layout: Layout) {
    let vectors = coefficients.len() / tile.rows.max(1);
    tile.sum.clear();
    tile.sum.resize(tile.length, T::default());
    let Tile {
        models,
        sum,
        rows,
        start,
        ..
    } = tile;
    for (row, of_model) in models[..*rows]
        .iter()
        .zip(coefficients.chunks(vectors.max(1)))
    {
        match along {
            Along::Tensor => vector::add_scaled(sum, T::from_f64(of_model[0]), row),
            Along::Rows => {
                let of_tile = &of_model[*start / layout.row..];
                let parts = sum.chunks_mut(layout.row).zip(row.chunks(layout.row));
                for ((sum, x), factor) in parts.zip(of_tile) {
                    vector::add_scaled(sum, T::from_f64(*factor), x);
                }
            }
            Along::Columns => {
                let mut at = 0;
                while at < sum.len() {
                    let column = (*start + at) % layout.columns;
                    let length = (layout.columns - column).min(sum.len() - at);
                    let factors = &of_model[column..][..length];
                    vector::add_products(&mut sum[at..][..length], factors, &row[at..][..length]);
                    at += length;
                }
            }
        }
    }
    tile.replace_by_sum();
}

/// The divisor of what survives.
fn divisor_of(survivors: Survivors, probability: f64) -> f64 {
    match survivors {
        Survivors::Keep => 1.0,
        Survivors::DivideByProbability => probability,
    }
}
