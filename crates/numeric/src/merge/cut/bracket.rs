//! The k-th largest magnitude in one pass: a sample gives two magnitudes that it lies between, the pass counts what is above and keeps
//! what is between, and that is searched in memory. After Floyd and Rivest 1975, doi:10.1145/360680.360691, whose sample also gives
//! two elements around the k-th. What the pass counts shows whether the sample was right; where it was not, nothing is returned.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::apply::Cut;
use super::rows::Rows;
use super::ties::end_of_tie;
use crate::kernels::simd::simd;
use crate::merge::real::MergeReal;
use crate::{Result, Task};

/// One tile in so many is sampled, within limits.
const TILES_PER_SAMPLE: usize = 32;
const LEAST_TILES: usize = 16;
const MOST_TILES: usize = 1024;
/// Standard deviations of the sample's rank on both sides of the wanted one.
const DEVIATIONS: f64 = 5.0;
/// Most elements that are kept of all rows: 16 bytes each in f64.
const MOST_KEPT: usize = 1 << 24;
const BLOCK: usize = 1024;

/// Magnitudes that the wanted one lies between, or equals.
#[derive(Debug, Clone, Copy)]
struct Bracket<B> {
    low: B,
    high: B,
}

/// What a chunk has of one row.
#[derive(Debug)]
struct Found<B> {
    above: u64,
    at_high: u64,
    at_low: u64,
    /// Between the two, with the position in the tensor, in order.
    between: Vec<(B, usize)>,
}

impl<B> Default for Found<B> {
    fn default() -> Self {
        Self {
            above: 0,
            at_high: 0,
            at_low: 0,
            between: Vec::new(),
        }
    }
}

/// The cuts of the rows that have a count and whose sample was right; `None` for the others.
pub fn search<T: MergeReal>(
    counts: &[Option<u64>],
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<Vec<Option<Cut>>> {
    let brackets = brackets(counts, rows)?;
    let kept = AtomicUsize::new(0);
    let layout = rows.layout();
    let found: Vec<Vec<Found<T::Bits>>> = (0..layout.chunks())
        .into_par_iter()
        .map(|chunk| {
            task.check()?;
            let mut found: Vec<Found<T::Bits>> = Vec::new();
            found.resize_with(counts.len(), Found::default);
            if kept.load(Ordering::Relaxed) > MOST_KEPT {
                return Ok(found);
            }
            rows.visit(layout.range(chunk), &mut |row, start, values| {
                if let Some(bracket) = &brackets[row] {
                    sort_out(values, start, bracket, &mut found[row]);
                }
            })?;
            let between = found.iter().map(|found| found.between.len()).sum();
            kept.fetch_add(between, Ordering::Relaxed);
            Ok(found)
        })
        .collect::<Result<_>>()?;
    if kept.into_inner() > MOST_KEPT {
        return Ok(vec![None; counts.len()]);
    }
    let of_row = |(row, count): (usize, &Option<u64>)| {
        let (Some(count), Some(bracket)) = (count, &brackets[row]) else {
            return Ok(None);
        };
        let parts: Vec<&Found<T::Bits>> = found.iter().map(|chunk| &chunk[row]).collect();
        cut_of(row, *count, bracket, &parts, rows)
    };
    counts.iter().enumerate().map(of_row).collect()
}

fn everything<T: MergeReal>() -> Bracket<T::Bits> {
    Bracket {
        low: T::bits(0),
        high: T::bits(u64::MAX >> (u64::BITS - T::MAGNITUDE_BITS)),
    }
}

fn brackets<T: MergeReal>(
    counts: &[Option<u64>],
    rows: &impl Rows<T>,
) -> Result<Vec<Option<Bracket<T::Bits>>>> {
    let layout = rows.layout();
    let tiles = layout.tile_count();
    let sampled = (tiles / TILES_PER_SAMPLE).clamp(LEAST_TILES, MOST_TILES);
    if tiles <= sampled {
        let all = counts.iter().map(|count| count.map(|_| everything::<T>()));
        return Ok(all.collect());
    }
    let samples: Vec<Vec<Vec<T::Bits>>> = (0..sampled)
        .into_par_iter()
        .map(|index| {
            let mut sample = vec![Vec::new(); counts.len()];
            let tile = layout.tile_range(index * tiles / sampled + tiles / (2 * sampled));
            rows.visit(tile, &mut |row, _, values| {
                if counts[row].is_some() {
                    sample[row].extend(values.iter().map(|x| x.magnitude()));
                }
            })?;
            Ok(sample)
        })
        .collect::<Result<_>>()?;
    let of_row = |(row, count): (usize, &Option<u64>)| {
        let parts: Vec<&[T::Bits]> = samples.iter().map(|tile| &*tile[row]).collect();
        let share = |count: u64| count as f64 / layout.elements as f64;
        count.map(|count| bracket_of::<T>(share(count), &parts))
    };
    Ok(counts.iter().enumerate().map(of_row).collect())
}

/// Around the magnitude that a share of the sample is at least as large as. Neighbours are alike, so the deviation of the rank comes
/// from how much the parts of the sample differ.
fn bracket_of<T: MergeReal>(share: f64, parts: &[&[T::Bits]]) -> Bracket<T::Bits> {
    let mut sample = parts.concat();
    let mut at = |rank: f64| {
        let index = (rank as usize).min(sample.len() - 1);
        *sample.select_nth_unstable_by(index, |a, b| b.cmp(a)).1
    };
    let elements: usize = parts.iter().map(|part| part.len()).sum();
    let rank = share * elements as f64;
    let middle = at(rank);
    let above = |part: &&[T::Bits]| part.iter().filter(|bits| **bits > middle).count() as f64;
    let counts: Vec<f64> = parts.iter().map(above).collect();
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let squares: f64 = counts.iter().map(|count| (count - mean).powi(2)).sum();
    // Parts that agree by chance say too little: as if elements were independent, at the least.
    let least = rank * (1.0 - share).max(0.0);
    let parts = counts.len() as f64;
    let margin = DEVIATIONS * (squares * parts / (parts - 1.0)).max(least).sqrt() + 1.0;
    let whole = everything::<T>();
    let high = (rank >= margin).then(|| at(rank - margin));
    let low = (rank + margin < elements as f64).then(|| at(rank + margin));
    Bracket {
        high: high.unwrap_or(whole.high),
        low: low.unwrap_or(whole.low),
    }
}

simd! {
    /// How many are above, at the upper and at the lower end; flags say which are between.
    fn compare<T: MergeReal>(values: &[T], low: T::Bits, high: T::Bits, flags: &mut [u8]) -> [u32; 3] {
        let mut counts = [0u32; 3];
        for (x, flag) in values.iter().zip(flags) {
            let magnitude = x.magnitude();
            counts[0] += u32::from(magnitude > high);
            counts[1] += u32::from(magnitude == high);
            counts[2] += u32::from(magnitude == low);
            *flag = u8::from(magnitude > low) & u8::from(magnitude < high);
        }
        counts
    }
}

fn sort_out<T: MergeReal>(
    values: &[T],
    start: usize,
    bracket: &Bracket<T::Bits>,
    found: &mut Found<T::Bits>,
) {
    let mut flags = [0u8; BLOCK];
    for (index, block) in values.chunks(BLOCK).enumerate() {
        // What is left of the last block must not count in a shorter one.
        flags[block.len()..].fill(0);
        let counts = compare(block, bracket.low, bracket.high, &mut flags[..block.len()]);
        let [above, at_high, at_low] = counts.map(u64::from);
        found.above += above;
        found.at_high += at_high;
        found.at_low += at_low;
        let (words, _) = flags.as_chunks::<8>();
        for (word, eight) in words.iter().enumerate() {
            let mut flagged = u64::from_le_bytes(*eight);
            while flagged != 0 {
                let at = 8 * word + flagged.trailing_zeros() as usize / 8;
                let position = start + index * BLOCK + at;
                found.between.push((block[at].magnitude(), position));
                flagged &= flagged - 1;
            }
        }
    }
}

/// `None` where the wanted magnitude is not in the bracket.
fn cut_of<T: MergeReal>(
    row: usize,
    count: u64,
    bracket: &Bracket<T::Bits>,
    parts: &[&Found<T::Bits>],
    rows: &impl Rows<T>,
) -> Result<Option<Cut>> {
    let sum = |of: fn(&Found<T::Bits>) -> u64| parts.iter().map(|part| of(part)).sum::<u64>();
    let at = |threshold: T::Bits, ties_before: u64| {
        Ok(Some(Cut::At {
            threshold: T::wide(threshold),
            ties_before,
        }))
    };
    // Of the elements at one end of the bracket, `left` stay.
    let at_end = |threshold: T::Bits, left: u64, of: fn(&Found<T::Bits>) -> u64| {
        if left == sum(of) {
            return at(threshold, u64::MAX);
        }
        let equal = parts.iter().map(|part| of(part));
        at(threshold, end_of_tie(row, threshold, left, equal, rows)?)
    };
    let Some(left) = count
        .checked_sub(sum(|part| part.above))
        .filter(|left| *left > 0)
    else {
        return Ok(None);
    };
    let at_high = sum(|part| part.at_high);
    if left <= at_high {
        return at_end(bracket.high, left, |part| part.at_high);
    }
    let left = left - at_high;
    let between = sum(|part| part.between.len() as u64);
    if left <= between {
        let (threshold, ties_before) = cut_between(parts, left);
        return at(threshold, ties_before);
    }
    let left = left - between;
    if bracket.low < bracket.high && left <= sum(|part| part.at_low) {
        return at_end(bracket.low, left, |part| part.at_low);
    }
    Ok(None)
}

/// The `left`-th largest of those between, and the position after the last that equals it and stays.
fn cut_between<B: Copy + Ord>(parts: &[&Found<B>], left: u64) -> (B, u64) {
    let between = || parts.iter().flat_map(|part| &part.between);
    let mut magnitudes: Vec<B> = between().map(|(magnitude, _)| *magnitude).collect();
    let index = left as usize - 1;
    let (larger, threshold, _) = magnitudes.select_nth_unstable_by(index, |a, b| b.cmp(a));
    let threshold = *threshold;
    let above = larger.iter().filter(|bits| **bits > threshold).count();
    let stay = left as usize - above;
    let mut equal = between().filter(|(magnitude, _)| *magnitude == threshold);
    let last = equal.nth(stay - 1).map_or(0, |(_, position)| position + 1);
    let all = equal.next().is_none();
    (threshold, if all { u64::MAX } else { last as u64 })
}
