//! The k-th largest magnitude of a tensor, from histograms of its bits: sixteen bits a pass, nothing sorted, nothing kept in memory.

use rayon::prelude::*;

use super::program::MergeReal;
use crate::{Error, Reason, Result, Task};

const RADIX_BITS: u32 = 16;
const BUCKETS: usize = 1 << RADIX_BITS;
/// Chunks counted into one histogram before it is added to another.
const CHUNKS_PER_HISTOGRAM: usize = 8;

/// Which elements of one model stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// All.
    All,
    /// None.
    None,
    /// Those above the threshold, and of those equal to it as many in each chunk as given; `None` stands for all of them.
    At {
        /// Magnitude bits.
        threshold: u64,
        /// By chunk.
        ties: Option<Vec<u64>>,
    },
}

impl Cut {
    /// Sets to zero what goes.
    pub fn apply<T: MergeReal>(&self, chunk: usize, row: &mut [T]) {
        match self {
            Cut::All => {}
            Cut::None => row.fill(T::default()),
            Cut::At {
                threshold,
                ties: None,
            } => {
                for x in row {
                    if x.magnitude() < *threshold {
                        *x = T::default();
                    }
                }
            }
            Cut::At {
                threshold,
                ties: Some(ties),
            } => {
                let mut left = ties[chunk];
                for x in row {
                    let magnitude = x.magnitude();
                    if magnitude < *threshold || (magnitude == *threshold && left == 0) {
                        *x = T::default();
                    } else if magnitude == *threshold {
                        left -= 1;
                    }
                }
            }
        }
    }
}

/// A search for the cut of one model, bit by bit.
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

/// Finds the cut of every model. `rows(chunk, visit)` calls `visit(model, row)` with each model's values of a chunk.
pub fn find_cuts<T: MergeReal>(
    counts: &[u64],
    elements: u64,
    chunks: usize,
    rows: &(impl Fn(usize, &mut dyn FnMut(usize, &[T])) -> Result<()> + Sync),
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
    if searches.iter().any(Option::is_some) {
        while searches.iter().flatten().any(|search| search.shift > 0) {
            narrow(&mut searches, chunks, rows, task)?;
        }
    }
    let ties = tied(&searches, chunks, rows, task)?;
    Ok(searches
        .into_iter()
        .zip(ties)
        .zip(counts)
        .map(|((search, ties), count)| match search {
            None if *count == 0 => Cut::None,
            None => Cut::All,
            Some(search) => Cut::At {
                threshold: search.prefix,
                ties,
            },
        })
        .collect())
}

type Histograms = Vec<Vec<u64>>;

/// One pass: the next bits of every threshold.
fn narrow<T: MergeReal>(
    searches: &mut [Option<Search>],
    chunks: usize,
    rows: &(impl Fn(usize, &mut dyn FnMut(usize, &[T])) -> Result<()> + Sync),
    task: &Task,
) -> Result<()> {
    let known: Vec<Option<(u64, u32)>> = searches
        .iter()
        .map(|search| search.as_ref().map(|s| (s.prefix, s.shift)))
        .collect();
    let histograms = (0..chunks)
        .into_par_iter()
        .with_min_len(CHUNKS_PER_HISTOGRAM)
        .try_fold(
            Vec::new,
            |mut histograms: Histograms, chunk| -> Result<Histograms> {
                task.check()?;
                histograms.resize_with(known.len(), || vec![0; BUCKETS]);
                rows(chunk, &mut |model, row| {
                    if let Some((prefix, shift)) = known[model] {
                        count_bits(row, prefix, shift, &mut histograms[model]);
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

fn count_bits<T: MergeReal>(row: &[T], prefix: u64, shift: u32, histogram: &mut [u64]) {
    let next = shift.saturating_sub(RADIX_BITS);
    let mask = (1u64 << (shift - next)) - 1;
    for x in row {
        let magnitude = x.magnitude();
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
    Err(Error::new(
        Reason::OutOfRange,
        "the values changed between two passes",
    ))
}

/// How many of the elements equal to each threshold every chunk keeps, where not all of them stay.
fn tied<T: MergeReal>(
    searches: &[Option<Search>],
    chunks: usize,
    rows: &(impl Fn(usize, &mut dyn FnMut(usize, &[T])) -> Result<()> + Sync),
    task: &Task,
) -> Result<Vec<Option<Vec<u64>>>> {
    let partial = |search: &Option<Search>| {
        search
            .as_ref()
            .filter(|s| s.left < s.equal)
            .map(|s| (s.prefix, s.left))
    };
    let wanted: Vec<Option<(u64, u64)>> = searches.iter().map(partial).collect();
    if wanted.iter().all(Option::is_none) {
        return Ok(vec![None; wanted.len()]);
    }
    let counts: Vec<Vec<u64>> = (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            task.check()?;
            let mut equal = vec![0; wanted.len()];
            rows(chunk, &mut |model, row| {
                if let Some((threshold, _)) = wanted[model] {
                    equal[model] = row.iter().filter(|x| x.magnitude() == threshold).count() as u64;
                }
            })?;
            Ok(equal)
        })
        .collect::<Result<_>>()?;
    let share = |(model, wanted): (usize, &Option<(u64, u64)>)| {
        let (_, mut left) = (*wanted)?;
        let of_chunk = |equal: &Vec<u64>| {
            let kept = equal[model].min(left);
            left -= kept;
            kept
        };
        Some(counts.iter().map(of_chunk).collect())
    };
    Ok(wanted.iter().enumerate().map(share).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept<T: MergeReal>(values: &[T], count: u64, chunk: usize) -> Vec<T> {
        let parts: Vec<&[T]> = values.chunks(chunk).collect();
        let rows = |index: usize, visit: &mut dyn FnMut(usize, &[T])| -> Result<()> {
            visit(0, parts[index]);
            Ok(())
        };
        let elements = values.len() as u64;
        let cuts = find_cuts(&[count], elements, parts.len(), &rows, &Task::new()).unwrap();
        let mut result = values.to_vec();
        for (index, part) in result.chunks_mut(chunk).enumerate() {
            cuts[0].apply(index, part);
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
