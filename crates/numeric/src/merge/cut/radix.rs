//! The k-th largest magnitude from histograms of its bits, sixteen bits a pass: whatever the values are, nothing is kept in memory.

use rayon::prelude::*;

use super::apply::Cut;
use super::rows::Rows;
use super::ties::{changed, end_of_tie};
use crate::merge::real::MergeReal;
use crate::{Result, Task};

const RADIX_BITS: u32 = 16;
const BUCKETS: usize = 1 << RADIX_BITS;
/// Chunks counted into one histogram before it is added to another.
const CHUNKS_PER_HISTOGRAM: usize = 8;

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

/// The cuts of the rows that have a count; `None` for the others.
pub fn search<T: MergeReal>(
    counts: &[Option<u64>],
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<Vec<Option<Cut>>> {
    let search = |count: &Option<u64>| {
        count.map(|left| Search {
            left,
            prefix: 0,
            shift: T::MAGNITUDE_BITS,
            equal: 0,
        })
    };
    let mut searches: Vec<Option<Search>> = counts.iter().map(search).collect();
    while searches.iter().flatten().any(|search| search.shift > 0) {
        narrow(&mut searches, rows, task)?;
    }
    let ties = ends_of_ties(&searches, rows, task)?;
    let cut = |(search, ties_before): (Option<Search>, u64)| {
        search.map(|search| Cut::At {
            threshold: search.prefix,
            ties_before,
        })
    };
    Ok(searches.into_iter().zip(ties).map(cut).collect())
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
    let histograms = (0..rows.layout().chunks())
        .into_par_iter()
        .with_min_len(CHUNKS_PER_HISTOGRAM)
        .try_fold(
            Vec::new,
            |mut histograms: Histograms, chunk| -> Result<Histograms> {
                task.check()?;
                histograms.resize_with(known.len(), || vec![0; BUCKETS]);
                rows.visit(rows.layout().range(chunk), &mut |row, _, values| {
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
    let counts: Vec<Vec<u64>> = (0..rows.layout().chunks())
        .into_par_iter()
        .map(|chunk| {
            task.check()?;
            let mut equal = vec![0; wanted.len()];
            rows.visit(rows.layout().range(chunk), &mut |row, _, values| {
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
        Some((threshold, left)) => {
            let equal = counts.iter().map(|equal| equal[row]);
            end_of_tie(row, *threshold, *left, equal, rows)
        }
    };
    wanted.iter().enumerate().map(end).collect()
}
