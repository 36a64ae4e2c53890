//! Dropping elements at random, small ones rather: MAGPRUNE. Deep, Bhardwaj and Poria 2024, arXiv:2406.11617.

use super::super::chunk::Tile;
use super::super::fact::Fact;
use super::super::program::Survivors;
use super::super::real::MergeReal;
use super::random::WORDS;
use super::{Surroundings, divisor_of};

const DIGIT_BITS: u32 = 8;
const DIGITS: usize = 1 << DIGIT_BITS;

/// What happens to the element of each rank, the smallest magnitude first.
#[derive(Debug, Clone, PartialEq)]
pub struct Chances {
    /// The element stays where its random word is below.
    below: Vec<u64>,
    /// What stays is divided by this.
    divisors: Vec<f64>,
}

impl Chances {
    /// Of n elements that of rank r stays with probability ρ − s + 2s·r/(n−1).
    pub fn new(elements: usize, density: f64, spread: f64, survivors: Survivors) -> Self {
        let last = elements.saturating_sub(1);
        let probability = |rank: usize| {
            let share = if last > 0 {
                rank as f64 / last as f64
            } else {
                0.5
            };
            density - spread + 2.0 * spread * share
        };
        let probabilities = (0..elements).map(probability);
        Self {
            // A word is below a number where it is below the next integer.
            below: probabilities
                .clone()
                .map(|probability| (probability * WORDS).ceil() as u64)
                .collect(),
            divisors: probabilities
                .map(|probability| divisor_of(survivors, probability))
                .collect(),
        }
    }
}

/// Keeps elements as their ranks in their rows say; a density of 1 keeps all.
pub fn keep<T: MergeReal>(tile: &mut Tile<T>, densities: &[f64], with: &Surroundings<'_>) {
    let (start, length) = (tile.start as u64, with.layout.row);
    let Some(Fact::Chances(chances)) = with.fact else {
        return;
    };
    let mut words = vec![0; tile.length];
    let mut order = Vec::new();
    let mut other = Vec::new();
    for (model, row) in tile.active_mut().iter_mut().enumerate() {
        if densities[model] >= 1.0 {
            continue;
        }
        let Chances { below, divisors } = &chances[model];
        with.streams[model].words(start, &mut words);
        for (row, words) in row.chunks_mut(length).zip(words.chunks(length)) {
            sort(row, &mut order, &mut other);
            let ranks = order.iter().zip(below).zip(divisors);
            for (((_, at), below), divisor) in ranks {
                let at = *at as usize;
                row[at] = if u64::from(words[at]) < *below {
                    row[at] / T::from_f64(*divisor)
                } else {
                    T::default()
                };
            }
        }
    }
}

/// Magnitudes with their positions in ascending order, of equal ones the earlier first; eight bits a pass, and none for bits that all
/// have in common.
fn sort<T: MergeReal>(row: &[T], order: &mut Vec<(T::Bits, u32)>, other: &mut Vec<(T::Bits, u32)>) {
    order.clear();
    order.extend(row.iter().zip(0..).map(|(x, at)| (x.magnitude(), at)));
    other.clone_from(order);
    let passes = T::MAGNITUDE_BITS.div_ceil(DIGIT_BITS) as usize;
    let digit = |bits: T::Bits, pass: usize| {
        (T::wide(bits) >> (pass as u32 * DIGIT_BITS)) as usize % DIGITS
    };
    let mut counts = [[0u32; DIGITS]; 8];
    for (bits, _) in order.iter() {
        for (pass, counts) in counts[..passes].iter_mut().enumerate() {
            counts[digit(*bits, pass)] += 1;
        }
    }
    for (pass, starts) in counts[..passes].iter_mut().enumerate() {
        if starts.contains(&(row.len() as u32)) {
            continue;
        }
        let mut total = 0;
        for start in starts.iter_mut() {
            total += std::mem::replace(start, total);
        }
        for item in order.iter() {
            let start = &mut starts[digit(item.0, pass)];
            other[*start as usize] = *item;
            *start += 1;
        }
        std::mem::swap(order, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions<T: MergeReal>(row: &[T]) -> Vec<u32> {
        let mut order = Vec::new();
        sort(row, &mut order, &mut Vec::new());
        order.into_iter().map(|(_, at)| at).collect()
    }

    #[test]
    fn magnitudes_are_sorted_and_equal_ones_stay_in_order() {
        let row = [3.0f32, -1.0, 1.0, 0.0, -1e-30, f32::MAX, 1.0];
        assert_eq!(positions(&row), [3, 4, 1, 2, 6, 0, 5]);
        let row = row.map(f64::from);
        assert_eq!(positions(&row), [3, 4, 1, 2, 6, 0, 5]);
    }
}
