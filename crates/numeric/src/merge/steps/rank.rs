//! Dropping elements at random, small ones rather: MAGPRUNE. Deep, Bhardwaj and Poria 2024, arXiv:2406.11617.

use super::super::chunk::Tile;
use super::super::fact::Chances;
use super::super::real::MergeReal;
use crate::random::Stream;

const BUCKET_BITS: u32 = 11;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// The buckets divide eight octaves.
const OCTAVE_BITS: u32 = 3;
const MOST_INSERTED: usize = 16;

/// Keeps elements as their ranks in their rows, of `length` elements, say; a density of 1 keeps all.
pub fn keep<T: MergeReal>(
    tile: &mut Tile<T>,
    densities: &[f64],
    chances: &[Chances],
    length: usize,
    streams: &[Stream],
) {
    let start = tile.start as u64;
    let mut words = vec![0; tile.length];
    let mut order = Vec::new();
    for (model, row) in tile.active_mut().iter_mut().enumerate() {
        if densities[model] >= 1.0 {
            continue;
        }
        let Chances { below, divisors } = &chances[model];
        streams[model].words(start, &mut words);
        for (row, words) in row.chunks_mut(length).zip(words.chunks(length)) {
            sort(row, &mut order);
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

/// Magnitudes with their positions in ascending order, of equal ones the earlier first. They are put into buckets by size, and the few
/// of a bucket are sorted.
fn sort<T: MergeReal>(row: &[T], order: &mut Vec<(T::Bits, u32)>) {
    let bits = |x: &T| T::wide(x.magnitude());
    let largest = row.iter().map(bits).max().unwrap_or(0);
    // Bits grow about as the logarithm does: the buckets divide the upper octaves, the first has all below.
    let shift = T::MANTISSA_BITS + OCTAVE_BITS - BUCKET_BITS;
    let bucket =
        |x: &T| BUCKETS - 1 - ((largest - bits(x)) >> shift).min(BUCKETS as u64 - 1) as usize;
    let mut ends = [0u32; BUCKETS];
    row.iter().for_each(|x| ends[bucket(x)] += 1);
    let mut total = 0;
    for end in &mut ends {
        total += std::mem::replace(end, total);
    }
    order.resize(row.len(), (T::bits(0), 0));
    for (x, at) in row.iter().zip(0..) {
        let end = &mut ends[bucket(x)];
        order[*end as usize] = (x.magnitude(), at);
        *end += 1;
    }
    let mut start = 0;
    for end in ends.map(|end| end as usize) {
        sort_few(&mut order[start..end]);
        start = end;
    }
}

/// By insertion, unless they are many.
fn sort_few<B: Copy + Ord>(items: &mut [(B, u32)]) {
    if items.len() > MOST_INSERTED {
        return items.sort_unstable();
    }
    for next in 1..items.len() {
        let item = items[next];
        let mut at = next;
        while at > 0 && items[at - 1].0 > item.0 {
            items[at] = items[at - 1];
            at -= 1;
        }
        items[at] = item;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions<T: MergeReal>(row: &[T]) -> Vec<u32> {
        let mut order = Vec::new();
        sort(row, &mut order);
        order.into_iter().map(|(_, at)| at).collect()
    }

    #[test]
    fn magnitudes_are_sorted_and_equal_ones_stay_in_order() {
        let row = [3.0f32, -1.0, 1.0, 0.0, -1e-30, f32::MAX, 1.0];
        assert_eq!(positions(&row), [3, 4, 1, 2, 6, 0, 5]);
        let row = row.map(f64::from);
        assert_eq!(positions(&row), [3, 4, 1, 2, 6, 0, 5]);
    }

    #[test]
    fn rows_of_all_kinds_are_sorted() {
        let spread = |i: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32;
        let few = (0..5000).map(|i| f32::from((i % 3) as u8) - 1.0);
        let wide = (0..5000).map(|i| spread(i) * 2f32.powi((i % 250) as i32 - 140));
        let even = (0..5000).map(|i| spread(i) - 1e7);
        for row in [few.collect::<Vec<f32>>(), wide.collect(), even.collect()] {
            let mut expected: Vec<u32> = (0..5000).collect();
            expected.sort_by_key(|at| row[*at as usize].magnitude());
            assert_eq!(positions(&row), expected);
            let row: Vec<f64> = row.into_iter().map(f64::from).collect();
            assert_eq!(positions(&row), expected);
        }
    }
}
