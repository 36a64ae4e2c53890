//! The k-th largest magnitude of a tensor, from histograms of its bits: sixteen bits a pass, nothing sorted, nothing kept in memory.

use rayon::prelude::*;

use super::real::MergeReal;
use crate::kernels::simd::simd;
use crate::{Error, Reason, Result, Task};

const RADIX_BITS: u32 = 16;
const BUCKETS: usize = 1 << RADIX_BITS;
/// Chunks counted into one histogram before it is added to another.
const CHUNKS_PER_HISTOGRAM: usize = 8;

/// Values to be searched, by chunk.
pub trait Rows<T>: Sync {
    /// Number of chunks.
    fn chunks(&self) -> usize;
    /// Calls `visit` with the number of a row, the position of the first value, and values, for all values of a chunk in order.
    fn visit(&self, chunk: usize, visit: &mut dyn FnMut(usize, usize, &[T])) -> Result<()>;
}

/// The largest magnitudes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All.
    All,
    /// None.
    None,
    /// Those above the threshold, and those equal to it before a position.
    At {
        /// Magnitude bits.
        threshold: u64,
        /// Position in the tensor.
        ties_before: u64,
    },
}

simd! {
    fn zero_below<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() < threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_up_to<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() <= threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_above<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() > threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_from<T: MergeReal>(row: &mut [T], threshold: T::Bits) {
        for x in row {
            *x = if x.magnitude() >= threshold { T::default() } else { *x };
        }
    }
}

simd! {
    fn zero_where<T: MergeReal>(row: &mut [T], magnitudes: &[T], threshold: T::Bits, equal_too: bool) {
        for (x, magnitude) in row.iter_mut().zip(magnitudes) {
            let magnitude = magnitude.magnitude();
            let goes = magnitude < threshold || (equal_too && magnitude == threshold);
            *x = if goes { T::default() } else { *x };
        }
    }
}

impl Cut {
    /// How many of `length` elements from `start` come before the end of the ties.
    fn split(ties_before: u64, start: usize, length: usize) -> usize {
        (ties_before.saturating_sub(start as u64) as usize).min(length)
    }

    /// Sets all but the largest to zero. `start` is the position of the first element.
    pub fn keep<T: MergeReal>(&self, start: usize, row: &mut [T]) {
        match *self {
            Cut::All => {}
            Cut::None => row.fill(T::default()),
            Cut::At {
                threshold,
                ties_before,
            } => {
                let (before, after) = row.split_at_mut(Self::split(ties_before, start, row.len()));
                zero_below(before, T::bits(threshold));
                zero_up_to(after, T::bits(threshold));
            }
        }
    }

    /// Sets the largest to zero.
    pub fn drop<T: MergeReal>(&self, start: usize, row: &mut [T]) {
        match *self {
            Cut::All => row.fill(T::default()),
            Cut::None => {}
            Cut::At {
                threshold,
                ties_before,
            } => {
                let (before, after) = row.split_at_mut(Self::split(ties_before, start, row.len()));
                zero_from(before, T::bits(threshold));
                zero_above(after, T::bits(threshold));
            }
        }
    }

    /// Sets to zero what is not among the largest of another row.
    pub fn keep_where<T: MergeReal>(&self, start: usize, row: &mut [T], others: &[T]) {
        match *self {
            Cut::All => {}
            Cut::None => row.fill(T::default()),
            Cut::At {
                threshold,
                ties_before,
            } => {
                let at = Self::split(ties_before, start, row.len());
                let (before, after) = row.split_at_mut(at);
                zero_where(before, &others[..at], T::bits(threshold), false);
                zero_where(after, &others[at..], T::bits(threshold), true);
            }
        }
    }
}

/// A search for the cut of one row, bit by bit.
struct Search {
    /// Elements still to be kept among those that share the prefix.
    left: u64,
    /// The bits of the threshold that are known.
    prefix: u64,
    /// Position of the lowest known bit.
    shift: u32,
    /// Elements equal to the prefix, after the last pass.
    equal: u64,
}

/// Finds the cuts that leave each row `counts` elements; among equal magnitudes the earlier are larger.
pub fn find_cuts<T: MergeReal>(
    counts: &[u64],
    elements: u64,
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<Vec<Cut>> {
    let mut searches: Vec<Option<Search>> = counts
        .iter()
        .map(|count| {
            (*count > 0 && *count < elements).then_some(Search {
                left: *count,
                prefix: 0,
                shift: T::MAGNITUDE_BITS,
                equal: 0,
            })
        })
        .collect();
    while searches.iter().flatten().any(|search| search.shift > 0) {
        narrow(&mut searches, rows, task)?;
    }
    let ties = ends_of_ties(&searches, rows, task)?;
    Ok(searches
        .into_iter()
        .zip(ties)
        .zip(counts)
        .map(|((search, ties_before), count)| match search {
            None if *count == 0 => Cut::None,
            None => Cut::All,
            Some(search) => Cut::At {
                threshold: search.prefix,
                ties_before,
            },
        })
        .collect())
}

type Histograms = Vec<Vec<u64>>;

/// One pass: the next bits of every threshold.
fn narrow<T: MergeReal>(
    searches: &mut [Option<Search>],
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<()> {
    let known: Vec<Option<(u64, u32)>> = searches
        .iter()
        .map(|search| search.as_ref().map(|s| (s.prefix, s.shift)))
        .collect();
    let histograms = (0..rows.chunks())
        .into_par_iter()
        .with_min_len(CHUNKS_PER_HISTOGRAM)
        .try_fold(
            Vec::new,
            |mut histograms: Histograms, chunk| -> Result<Histograms> {
                task.check()?;
                histograms.resize_with(known.len(), || vec![0; BUCKETS]);
                rows.visit(chunk, &mut |row, _, values| {
                    if let Some((prefix, shift)) = known[row] {
                        count_bits(values, prefix, shift, &mut histograms[row]);
                    }
                })?;
                Ok(histograms)
            },
        )
        .try_reduce(Vec::new, |a, b| Ok(add(a, b)))?;
    for (search, histogram) in searches.iter_mut().zip(&histograms) {
        if let Some(search) = search {
            step_down(search, histogram)?;
        }
    }
    Ok(())
}

fn count_bits<T: MergeReal>(values: &[T], prefix: u64, shift: u32, histogram: &mut [u64]) {
    let next = shift.saturating_sub(RADIX_BITS);
    let mask = (1u64 << (shift - next)) - 1;
    for x in values {
        let magnitude = T::wide(x.magnitude());
        if shift == T::MAGNITUDE_BITS || magnitude >> shift == prefix >> shift {
            histogram[((magnitude >> next) & mask) as usize] += 1;
        }
    }
}

fn add(mut a: Histograms, b: Histograms) -> Histograms {
    if a.is_empty() {
        return b;
    }
    for (x, y) in a.iter_mut().flatten().zip(b.iter().flatten()) {
        *x += y;
    }
    a
}

/// Takes buckets from the top until the next would exceed what is left.
fn step_down(search: &mut Search, histogram: &[u64]) -> Result<()> {
    let next = search.shift.saturating_sub(RADIX_BITS);
    for (bucket, count) in histogram.iter().enumerate().rev() {
        if *count >= search.left {
            search.prefix |= (bucket as u64) << next;
            search.shift = next;
            search.equal = *count;
            return Ok(());
        }
        search.left -= count;
    }
    Err(changed())
}

fn changed() -> Error {
    Error::new(Reason::OutOfRange, "the values changed between two passes")
}

/// For each row the position before which elements equal to the threshold belong to the largest; `u64::MAX` where all of them do.
fn ends_of_ties<T: MergeReal>(
    searches: &[Option<Search>],
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<Vec<u64>> {
    let partial = |search: &Option<Search>| {
        search
            .as_ref()
            .filter(|s| s.left < s.equal)
            .map(|s| (T::bits(s.prefix), s.left))
    };
    let wanted: Vec<Option<(T::Bits, u64)>> = searches.iter().map(partial).collect();
    if wanted.iter().all(Option::is_none) {
        return Ok(vec![u64::MAX; wanted.len()]);
    }
    let counts: Vec<Vec<u64>> = (0..rows.chunks())
        .into_par_iter()
        .map(|chunk| {
            task.check()?;
            let mut equal = vec![0; wanted.len()];
            rows.visit(chunk, &mut |row, _, values| {
                if let Some((threshold, _)) = wanted[row] {
                    equal[row] +=
                        values.iter().filter(|x| x.magnitude() == threshold).count() as u64;
                }
            })?;
            Ok(equal)
        })
        .collect::<Result<_>>()?;
    let end = |(row, wanted): (usize, &Option<(T::Bits, u64)>)| match wanted {
        None => Ok(u64::MAX),
        Some((threshold, left)) => end_of_tie(row, *threshold, *left, &counts, rows),
    };
    wanted.iter().enumerate().map(end).collect()
}

/// The position after the `left`-th element that equals the threshold.
fn end_of_tie<T: MergeReal>(
    row: usize,
    threshold: T::Bits,
    mut left: u64,
    counts: &[Vec<u64>],
    rows: &impl Rows<T>,
) -> Result<u64> {
    for (chunk, equal) in counts.iter().enumerate() {
        if equal[row] < left {
            left -= equal[row];
            continue;
        }
        let mut end = None;
        rows.visit(chunk, &mut |visited, start, values| {
            let equal = values
                .iter()
                .enumerate()
                .filter(|(_, x)| x.magnitude() == threshold);
            for (at, _) in equal.take(if visited == row { usize::MAX } else { 0 }) {
                left = left.saturating_sub(1);
                if left == 0 {
                    end = end.or(Some((start + at + 1) as u64));
                }
            }
        })?;
        return end.ok_or_else(changed);
    }
    Err(changed())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Parts<'a, T>(Vec<&'a [T]>, usize);

    impl<T: Sync> Rows<T> for Parts<'_, T> {
        fn chunks(&self) -> usize {
            self.0.len()
        }

        fn visit(&self, chunk: usize, visit: &mut dyn FnMut(usize, usize, &[T])) -> Result<()> {
            visit(0, chunk * self.1, self.0[chunk]);
            Ok(())
        }
    }

    fn kept<T: MergeReal>(values: &[T], count: u64, chunk: usize) -> Vec<T> {
        let parts = Parts(values.chunks(chunk).collect(), chunk);
        let cuts = find_cuts(&[count], values.len() as u64, &parts, &Task::new()).unwrap();
        let mut result = values.to_vec();
        let mut dropped = values.to_vec();
        for (index, part) in result.chunks_mut(chunk).enumerate() {
            cuts[0].keep(index * chunk, part);
        }
        for (index, part) in dropped.chunks_mut(chunk).enumerate() {
            cuts[0].drop(index * chunk, part);
        }
        // What is kept and what is dropped make up the whole.
        for ((value, kept), dropped) in values.iter().zip(&result).zip(&dropped) {
            let zero = T::default();
            assert!((*kept == *value && *dropped == zero) || (*kept == zero && *dropped == *value));
        }
        result
    }

    /// By sorting positions: largest magnitude first, then the earlier.
    fn sorted<T: MergeReal>(values: &[T], count: u64) -> Vec<T> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|i| (std::cmp::Reverse(values[*i].magnitude()), *i));
        let mut result = vec![T::default(); values.len()];
        for i in &order[..count as usize] {
            result[*i] = values[*i];
        }
        result
    }

    fn number(i: u64) -> f64 {
        let bits = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        (bits as f64 / (1u64 << 53) as f64 - 0.5) * 10f64.powi((i % 60) as i32 - 30)
    }

    #[test]
    fn agrees_with_sorting_in_both_precisions() {
        let wide: Vec<f64> = (0..1000).map(number).collect();
        let narrow: Vec<f32> = wide.iter().map(|x| *x as f32).collect();
        for count in [0, 1, 2, 499, 500, 999, 1000] {
            assert_eq!(kept(&wide, count, 64), sorted(&wide, count));
            assert_eq!(kept(&narrow, count, 64), sorted(&narrow, count));
        }
    }

    #[test]
    fn of_equal_magnitudes_the_earlier_stay_whatever_the_chunks() {
        let values: Vec<f32> = (0..100).map(|i| [1.0, -1.0, 2.0, 0.5][i % 4]).collect();
        for count in [10, 25, 26, 40, 74, 75, 80] {
            for chunk in [1, 7, 100] {
                assert_eq!(kept(&values, count, chunk), sorted(&values, count));
            }
        }
    }

    #[test]
    fn zeros_and_subnormals_have_their_place() {
        let values = [0.0f32, -0.0, 1e-45, -3e-45, f32::MAX];
        assert_eq!(kept(&values, 2, 2), [0.0, 0.0, 0.0, -3e-45, f32::MAX]);
    }
}
