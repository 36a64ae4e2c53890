//! Running programs over chunks.

use rayon::prelude::*;

use super::chunk::CHUNK;
use super::fact::find_facts;
use super::norms::Difference;
use super::pass::{Pass, Scratch};
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::Step;
use super::report::{MergeReport, NonFinite};
use super::source::{Folding, Source};
use super::vector::count_non_finite;
use crate::checkpoint::Dtype;
use crate::checkpoint::read::allocate;
use crate::{Error, Reason, Result, Task};

/// Elements that are worked on between two looks at the outcome: enough to keep all threads busy, little enough that a merge with
/// broken input stops soon. Without influence on results.
const BATCH: usize = 64 * CHUNK;

/// Working memory of threads, by precision.
#[derive(Default)]
struct Pools {
    narrow: Pool<Scratch<f32>>,
    wide: Pool<Scratch<f64>>,
    outputs: Pool<Output>,
}

/// The result of a chunk as it is stored.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    other: Vec<u8>,
}

/// What one chunk showed.
struct Outcome {
    difference: Difference,
    /// Models in order, then the base.
    non_finite: Vec<u64>,
    disagrees: bool,
}

/// Merges into the writers. Without `allow_non_finite` it stops at the first batch that has non-finite inputs, and after any
/// disagreement of tensors that cannot be merged; the report says so.
pub fn merge_files(
    merges: &[TensorMerge],
    allow_non_finite: bool,
    task: &Task,
) -> Result<MergeReport> {
    task.set_total(merges.iter().map(work).sum());
    let pools = Pools::default();
    let mut report = MergeReport::default();
    let mut rest = merges;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(batch_length(rest));
        rest = after;
        merge_batch(batch, &pools, &mut report, task)?;
        if (!allow_non_finite && !report.non_finite.is_empty()) || !report.disagreeing.is_empty() {
            break;
        }
    }
    Ok(report)
}

/// Merges one tensor in f32 without storing it.
pub fn merge_to_memory(merge: &TensorMerge, task: &Task) -> Result<Vec<f32>> {
    task.set_total(work(merge));
    let mut values = allocate::<f32>(merge.elements as u64)?;
    let pool = Pool::default();
    let facts = find_facts::<f32>(merge, &pool, task)?;
    let pass = Pass::new(merge, &facts, &pool, task);
    let chunk = merge.layout.range(0).len().max(1);
    let end = merge.steps.len();
    values
        .par_chunks_mut(chunk)
        .enumerate()
        .try_for_each(|(index, part)| -> Result<()> {
            let start = merge.layout.range(index).start;
            pass.tiles(index, &[end], &mut |_, tile| {
                part[tile.start - start..][..tile.length].copy_from_slice(&tile.models[0]);
            })?;
            task.advance(part.len() as u64);
            Ok(())
        })?;
    Ok(values)
}

/// Units of progress: elements, once for each pass over them.
fn work(merge: &TensorMerge) -> u64 {
    let passes: u64 = merge.steps.iter().map(Step::passes).sum();
    merge.elements as u64 * (1 + passes)
}

fn batch_length(merges: &[TensorMerge]) -> usize {
    let mut elements = 0;
    let fits = merges.iter().take_while(|merge| {
        elements += merge.elements;
        elements <= BATCH
    });
    fits.count().max(1)
}

fn merge_batch(
    batch: &[TensorMerge],
    pools: &Pools,
    report: &mut MergeReport,
    task: &Task,
) -> Result<()> {
    let wide = batch
        .iter()
        .map(TensorMerge::is_wide)
        .collect::<Result<Vec<_>>>()?;
    let facts = batch
        .par_iter()
        .zip(&wide)
        .map(|(merge, wide)| match wide {
            true => find_facts(merge, &pools.wide, task),
            false => find_facts(merge, &pools.narrow, task),
        })
        .collect::<Result<Vec<_>>>()?;
    let items: Vec<(usize, usize)> = batch
        .iter()
        .enumerate()
        .flat_map(|(tensor, merge)| (0..merge.layout.chunks()).map(move |index| (tensor, index)))
        .collect();
    let outcomes = items
        .par_iter()
        .map(|(tensor, index)| {
            task.check()?;
            let merge = &batch[*tensor];
            let outcome = pools.outputs.with(|output| {
                if merge.steps.is_empty() {
                    copy_chunk(merge, *index, output)
                } else if wide[*tensor] {
                    let pass = Pass::new(merge, &facts[*tensor], &pools.wide, task);
                    pools
                        .wide
                        .with(|scratch| merge_chunk(&pass, *index, scratch, output))
                } else {
                    let pass = Pass::new(merge, &facts[*tensor], &pools.narrow, task);
                    pools
                        .narrow
                        .with(|scratch| merge_chunk(&pass, *index, scratch, output))
                }
            });
            task.advance(merge.layout.range(*index).len() as u64);
            outcome
        })
        .collect::<Result<Vec<_>>>()?;
    gather(batch, &items, &outcomes, report);
    Ok(())
}

fn gather(
    batch: &[TensorMerge],
    items: &[(usize, usize)],
    outcomes: &[Outcome],
    report: &mut MergeReport,
) {
    let mut at = 0;
    for (tensor, merge) in batch.iter().enumerate() {
        let mut difference = Difference::default();
        let mut non_finite = vec![0; merge.sources().count()];
        let mut disagrees = false;
        while at < items.len() && items[at].0 == tensor {
            let outcome = &outcomes[at];
            difference.add(outcome.difference);
            disagrees |= outcome.disagrees;
            for (total, count) in non_finite.iter_mut().zip(&outcome.non_finite) {
                *total += count;
            }
            at += 1;
        }
        report.add(difference);
        if disagrees {
            report.disagreeing.push(merge.name.clone());
        }
        let models = merge.models.len();
        for (input, count) in non_finite
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
        {
            report.non_finite.push(NonFinite {
                tensor: merge.name.clone(),
                model: (input < models).then_some(input),
                count,
            });
        }
    }
}

/// Merges a chunk into its writer.
fn merge_chunk<T: Folding>(
    pass: &Pass<'_, T>,
    index: usize,
    scratch: &mut Scratch<T>,
    output: &mut Output,
) -> Result<Outcome> {
    let merge = pass.merge;
    let layout = pass.layout();
    let range = layout.range(index);
    let dtype = merge.output_dtype()?;
    let reference = merge.reference();
    let mut outcome = Outcome {
        difference: Difference::default(),
        non_finite: vec![0; merge.sources().count()],
        disagrees: false,
    };
    let mut kept = Vec::new();
    pass.read(range.clone(), scratch)?;
    output.bytes.resize(range.len() * dtype.size(), 0);
    for part in layout.tiles(range.clone()) {
        pass.decode(range.start, part.clone(), scratch)?;
        let tile = &mut scratch.tile;
        let rows = tile
            .models
            .iter()
            .take(tile.rows)
            .chain(merge.base.as_ref().map(|_| &tile.base));
        for (count, row) in outcome.non_finite.iter_mut().zip(rows) {
            *count += u64::from(count_non_finite(row));
        }
        if merge.base.is_none() {
            kept.clone_from(&tile.models[0]);
        }
        pass.run(0..merge.steps.len(), tile);
        let place =
            (part.start - range.start) * dtype.size()..(part.end - range.start) * dtype.size();
        let bytes = &mut output.bytes[place.clone()];
        T::encode(dtype, &tile.models[0], bytes)?;
        let values = if merge.base.is_none() {
            &kept
        } else {
            &tile.base
        };
        let raw = &scratch.raw[if merge.base.is_none() {
            0
        } else {
            merge.models.len()
        }];
        let changed = if is_stored_as(reference, dtype) {
            *bytes != raw[place]
        } else {
            output.other.resize(bytes.len(), 0);
            T::encode(dtype, values, &mut output.other)?;
            *bytes != *output.other
        };
        T::decode(dtype, bytes, &mut tile.models[0]);
        outcome
            .difference
            .add(Difference::of(changed, &tile.models[0], values));
    }
    write(merge, range.start, &output.bytes)?;
    Ok(outcome)
}

/// Whether encoding the values of a source gives its bytes.
fn is_stored_as(source: &Source, dtype: Dtype) -> bool {
    source.entry.dtype == dtype && source.pairs.is_empty()
}

/// Tensors that are not floating-point numbers: written as they are, if all inputs agree.
fn copy_chunk(merge: &TensorMerge, index: usize, output: &mut Output) -> Result<Outcome> {
    let range = merge.layout.range(index);
    let Output { bytes, other } = output;
    let first = merge.reference();
    first.read_bytes(range.clone(), bytes)?;
    let mut disagrees = false;
    for source in merge.sources() {
        disagrees |= source.entry.dtype != first.entry.dtype;
        if !disagrees {
            source.read_bytes(range.clone(), other)?;
            disagrees = bytes != other;
        }
    }
    write(merge, range.start, bytes)?;
    Ok(Outcome {
        difference: Difference::default(),
        non_finite: Vec::new(),
        disagrees,
    })
}

fn write(merge: &TensorMerge, start: usize, bytes: &[u8]) -> Result<()> {
    let writer = merge
        .writer
        .as_ref()
        .ok_or_else(|| Error::new(Reason::OutOfRange, "the merge has no output"))?;
    let entry = writer.entry(&merge.name)?;
    writer.write_bytes(entry, (start * entry.dtype.size()) as u64, bytes)
}
