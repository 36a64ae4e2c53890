//! Dropping elements at random, small ones rather: MAGPRUNE. Deep, Bhardwaj and Poria 2024, arXiv:2406.11617.

use super::super::chunk::Tile;
use super::super::program::Survivors;
use super::super::real::MergeReal;
use super::random::WORDS;
use super::{Surroundings, divisor_of};

const DIGIT_BITS: u32 = 11;
const DIGITS: usize = 1 << DIGIT_BITS;

/// Keeps the element of rank r of n, the smallest magnitude first, with probability ρ − s + 2s·r/(n−1).
pub fn keep<T: MergeReal>(
    tile: &mut Tile<T>,
    densities: &[f64],
    spreads: &[f64],
    survivors: Survivors,
    with: &Surroundings<'_>,
) {
    let (start, length) = (tile.start as u64, with.layout.row);
    let mut words = vec![0; tile.length];
    let mut order = Vec::new();
    let mut other = Vec::new();
    for (model, row) in tile.active_mut().iter_mut().enumerate() {
        let (density, spread) = (densities[model], spreads[model]);
        if density >= 1.0 {
            continue;
        }
        with.streams[model].words(start, &mut words);
        for (row, words) in row.chunks_mut(length).zip(words.chunks(length)) {
            sort(row, &mut order, &mut other);
            let last = row.len() - 1;
            for (rank, (_, at)) in order.iter().enumerate() {
                let share = if last > 0 {
                    rank as f64 / last as f64
                } else {
                    0.5
                };
                let probability = density - spread + 2.0 * spread * share;
                let at = *at as usize;
                row[at] = if f64::from(words[at]) < probability * WORDS {
                    row[at] / T::from_f64(divisor_of(survivors, probability))
                } else {
                    T::default()
                };
            }
        }
    }
}

/// Magnitudes with their positions in ascending order, of equal ones the earlier first; eleven bits a pass.
fn sort<T: MergeReal>(row: &[T], order: &mut Vec<(T::Bits, u32)>, other: &mut Vec<(T::Bits, u32)>) {
    order.clear();
    order.extend(row.iter().zip(0..).map(|(x, at)| (x.magnitude(), at)));
    other.clone_from(order);
    for pass in 0..T::MAGNITUDE_BITS.div_ceil(DIGIT_BITS) {
        let digit = |bits: T::Bits| (T::wide(bits) >> (pass * DIGIT_BITS)) as usize % DIGITS;
        let mut starts = [0usize; DIGITS];
        for (bits, _) in order.iter() {
            starts[digit(*bits)] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        for item in order.iter() {
            let start = &mut starts[digit(item.0)];
            other[*start] = *item;
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
