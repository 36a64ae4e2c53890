//! What each step does to a tile, one family a file.

mod consensus;
pub mod important;
mod largest;
mod mask;
mod random;
mod rank;
mod rows;
mod sum;

use super::chunk::{Layout, Tile};
use super::cut::Cut;
use super::fact::Fact;
use super::program::Step;
use super::real::MergeReal;
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

impl Surroundings<'_> {
    fn cuts(&self) -> &[Cut] {
        self.fact.map_or(&[], Fact::cuts)
    }

    fn factors(&self) -> &[f64] {
        self.fact.map_or(&[], Fact::factors)
    }
}

/// Applies a step.
pub fn apply<T: MergeReal>(step: &Step, tile: &mut Tile<T>, with: &Surroundings<'_>) {
    match step {
        Step::Delta { .. } => rows::subtract_base(tile),
        Step::AddBase { .. } => rows::add_base(tile),
        Step::KeepAbove { threshold } => rows::keep_above(tile, *threshold),
        Step::Clip { limit, smallest } => rows::clip(tile, *limit, *smallest),
        Step::Weigh { weights } => rows::weigh(tile, weights),
        Step::MatchL1 { .. } | Step::MatchMeanNorm { .. } => {
            rows::match_norms(tile, with.factors());
        }
        Step::Scale { factor } => rows::scale(tile, *factor),
        Step::KeepLargest { .. } => largest::keep(tile, with.cuts()),
        Step::DropLargest { .. } => largest::drop(tile, with.cuts()),
        Step::KeepMostVaried { .. } => {
            if let Some(Fact::Shared(cut)) = with.fact {
                largest::keep_most_varied(tile, *cut);
            }
        }
        Step::KeepRandom {
            densities,
            survivors,
        } => random::keep_at_random(tile, densities, *survivors, with.streams),
        Step::KeepByRank { densities, .. } => {
            if let Some(Fact::Chances(chances)) = with.fact {
                rank::keep(tile, densities, chances, with.layout.row, with.streams);
            }
        }
        Step::KeepImportant { .. } => {
            if let Some(Fact::Important(found)) = with.fact {
                important::keep(tile, found, with.layout.row);
            }
        }
        Step::ApplyMask => mask::apply(tile),
        Step::Select => mask::select(tile),
        Step::ElectSign => consensus::elect_sign(tile),
        Step::AmplifyUnique { .. } => consensus::amplify_unique(tile, with.factors()),
        Step::MeanByEnergy {
            smallest_divisor, ..
        } => consensus::mean_by_energy(tile, with.factors(), *smallest_divisor),
        Step::FisherMean { weights, floor } => consensus::fisher_mean(tile, weights, *floor),
        Step::Largest => consensus::largest(tile),
        Step::Consensus { lambda, least } => consensus::needed_by(tile, *lambda, *least),
        Step::Sum { divisor, weights } => sum::sum(tile, *divisor, weights),
        Step::Combine { along, .. } => sum::combine(tile, *along, with.factors(), with.layout),
        Step::Matrix { .. } => {
            if let Some(Fact::Merged(merged)) = with.fact {
                merged.copy_to(tile);
            }
        }
    }
}
