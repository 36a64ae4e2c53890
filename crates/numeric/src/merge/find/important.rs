//! Which changes of a tensor matter: scores above the median by 1.5 interquartile ranges, as in mergekit's arcee_fusion. The
//! quantiles are exact, by selection.

use std::ops::Range;

use super::super::chunk::Layout;
use super::super::cut::{Cut, Rows, find_cuts};
use super::super::fact::Important;
use super::super::pass::Pass;
use super::super::program::Quantile;
use super::super::real::MergeReal;
use super::super::source::Folding;
use super::super::steps::important::{divergence, scores};
use crate::{Result, Task};

const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// The scores of each model, once for each count that is searched.
struct Scores<'a, T> {
    pass: &'a Pass<'a, T>,
    position: usize,
    divergences: &'a [Vec<f64>],
    times: usize,
}

impl<T: Folding> Rows<T> for Scores<'_, T> {
    fn layout(&self) -> Layout {
        self.pass.layout()
    }

    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()> {
        let row = self.pass.layout().row;
        let mut values = Vec::new();
        self.pass.tiles(elements, &[self.position], &mut |_, tile| {
            for (model, x) in tile.active().iter().enumerate() {
                let divergences = &self.divergences[model];
                scores(x, &tile.base, tile.start, row, divergences, &mut values);
                for time in 0..self.times {
                    visit(model * self.times + time, tile.start, &values);
                }
            }
        })
    }
}

/// What matters of each model.
pub fn important_parts<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    quantile: Quantile,
    task: &Task,
) -> Result<Vec<Important>> {
    let row = pass.layout().row;
    let models = pass.merge.models.len();
    let mut divergences = vec![Vec::new(); models];
    pass.reduce(
        &[position],
        size_of::<f64>() * models * pass.layout().rows_of_chunk(),
        || vec![Vec::new(); models],
        |found: &mut Vec<Vec<f64>>, _, tile| {
            for (found, x) in found.iter_mut().zip(tile.active()) {
                let rows = x.chunks(row).zip(tile.base.chunks(row));
                found.extend(rows.map(|(x, base)| divergence(x, base)));
            }
        },
        |found| {
            for (all, found) in divergences.iter_mut().zip(found) {
                all.extend(found);
            }
        },
    )?;
    let elements = pass.layout().elements as u64;
    let places = QUARTILES.map(|share| share * (elements - 1) as f64);
    // The element of ascending place p is the smallest of the n − p largest.
    let upper = |place: f64| ((place.floor() as u64 + 1).min(elements - 1)) as f64;
    let counts = places
        .iter()
        .flat_map(|place| [place.floor(), upper(*place)])
        .map(|place| elements - place as u64);
    let counts: Vec<u64> = counts.collect();
    let rows = Scores {
        pass,
        position,
        divergences: &divergences,
        times: counts.len(),
    };
    let cuts = find_cuts(&counts.repeat(models), elements, &rows, task)?;
    let smallest = smallest_scores(&rows)?;
    let found = cuts
        .chunks(counts.len())
        .zip(smallest)
        .zip(divergences.clone());
    Ok(found
        .map(|((cuts, smallest), divergences)| Important {
            divergences,
            threshold: threshold(cuts, &places, smallest, quantile, from_bits::<T>),
        })
        .collect())
}

fn threshold(
    cuts: &[Cut],
    places: &[f64; 3],
    smallest: f64,
    quantile: Quantile,
    from_bits: impl Fn(u64) -> f64,
) -> f64 {
    let value = |cut: &Cut| match cut {
        Cut::At { threshold, .. } => from_bits(*threshold),
        // All elements: the smallest of them.
        _ => smallest,
    };
    let quartile = |index: usize| {
        let (lower, upper) = (value(&cuts[2 * index]), value(&cuts[2 * index + 1]));
        match quantile {
            Quantile::Lower => lower,
            Quantile::Linear => lower + places[index].fract() * (upper - lower),
        }
    };
    quartile(1) + 1.5 * (quartile(2) - quartile(0))
}

/// The smallest score of each model.
fn smallest_scores<T: Folding>(rows: &Scores<'_, T>) -> Result<Vec<f64>> {
    let mut smallest = vec![f64::INFINITY; rows.divergences.len()];
    if rows.pass.layout().elements > 3 {
        // Then no quartile is the smallest element.
        return Ok(smallest);
    }
    rows.visit(rows.layout().range(0), &mut |row, _, values| {
        let least = &mut smallest[row / rows.times];
        *least = values.iter().fold(*least, |least, x| least.min(x.to_f64()));
    })?;
    Ok(smallest)
}

fn from_bits<T: MergeReal>(magnitude: u64) -> f64 {
    T::from_magnitude(magnitude).to_f64()
}
