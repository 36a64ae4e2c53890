//! Running programs over chunks.

use rayon::prelude::*;

use super::chunk::{self, CHUNK, Chunk};
use super::keep_largest::{Cut, find_cuts};
use super::norms::Difference;
use super::plan::TensorMerge;
use super::program::Step;
use super::report::{MergeReport, NonFinite};
use super::source::Folding;
use crate::checkpoint::convert::Real;
use crate::checkpoint::read::allocate;
use crate::{Error, Reason, Result, Task};

/// Elements that are worked on between two looks at the outcome: enough to keep all threads busy, little enough that a merge with
/// broken input stops soon. Without influence on results.
const BATCH: usize = 64 * CHUNK;

/// Working memory of a thread.
#[derive(Default)]
struct Scratch<T> {
    chunk: Chunk<T>,
    reference: Vec<T>,
    values: Vec<T>,
    row: Vec<T>,
    bytes: Vec<u8>,
    other: Vec<u8>,
}

/// The cuts of every `KeepLargest` of a program, by position of the step.
type Cuts = Vec<(usize, Vec<Cut>)>;

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
    let mut report = MergeReport::default();
    let mut rest = merges;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(batch_length(rest));
        rest = after;
        merge_batch(batch, &mut report, task)?;
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
    let cuts = find_all_cuts::<f32>(merge, task)?;
    values.par_chunks_mut(CHUNK).enumerate().try_for_each_init(
        Scratch::<f32>::default,
        |scratch, (index, part)| -> Result<()> {
            task.check()?;
            load(merge, index, scratch)?;
            run(merge, index, merge.steps.len(), &cuts, scratch);
            part.copy_from_slice(&scratch.chunk.models[0]);
            task.advance(part.len() as u64);
            Ok(())
        },
    )?;
    Ok(values)
}

/// Units of progress: elements, once for each pass over them.
fn work(merge: &TensorMerge) -> u64 {
    let cuts = merge
        .steps
        .iter()
        .filter(|step| matches!(step, Step::KeepLargest { .. }));
    merge.elements as u64 * (1 + cuts.count() as u64)
}

fn batch_length(merges: &[TensorMerge]) -> usize {
    let mut elements = 0;
    let fits = merges.iter().take_while(|merge| {
        elements += merge.elements;
        elements <= BATCH
    });
    fits.count().max(1)
}

fn merge_batch(batch: &[TensorMerge], report: &mut MergeReport, task: &Task) -> Result<()> {
    let wide = batch
        .iter()
        .map(TensorMerge::is_wide)
        .collect::<Result<Vec<_>>>()?;
    let cuts = batch
        .par_iter()
        .zip(&wide)
        .map(|(merge, wide)| match wide {
            true => find_all_cuts::<f64>(merge, task),
            false => find_all_cuts::<f32>(merge, task),
        })
        .collect::<Result<Vec<_>>>()?;
    let items: Vec<(usize, usize)> = batch
        .iter()
        .enumerate()
        .flat_map(|(tensor, merge)| {
            (0..chunk::count(merge.elements)).map(move |index| (tensor, index))
        })
        .collect();
    let outcomes = items
        .par_iter()
        .map_init(
            || (Scratch::<f32>::default(), Scratch::<f64>::default()),
            |(narrow, double), (tensor, index)| {
                task.check()?;
                let merge = &batch[*tensor];
                let outcome = match (merge.steps.is_empty(), wide[*tensor]) {
                    (true, _) => copy_chunk(merge, *index, narrow),
                    (_, true) => merge_chunk(merge, *index, &cuts[*tensor], double),
                    (_, false) => merge_chunk(merge, *index, &cuts[*tensor], narrow),
                };
                task.advance(chunk::range(*index, merge.elements).len() as u64);
                outcome
            },
        )
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

/// Reads a chunk of every model and of the base; returns the non-finite elements of each.
fn load<T: Folding>(
    merge: &TensorMerge,
    index: usize,
    scratch: &mut Scratch<T>,
) -> Result<Vec<u64>> {
    let range = chunk::range(index, merge.elements);
    let Scratch {
        chunk, row, bytes, ..
    } = scratch;
    chunk.length = range.len();
    chunk.models.resize_with(merge.models.len(), Vec::new);
    let mut non_finite = Vec::with_capacity(merge.models.len() + 1);
    for (source, values) in merge.models.iter().zip(&mut chunk.models) {
        source.read(range.clone(), values, bytes, row)?;
        non_finite.push(count_non_finite(values));
    }
    if let Some(base) = &merge.base {
        base.read(range, &mut chunk.base, bytes, row)?;
        non_finite.push(count_non_finite(&chunk.base));
    }
    Ok(non_finite)
}

fn count_non_finite<T: Real>(values: &[T]) -> u64 {
    values.iter().map(|value| u64::from(!value.finite())).sum()
}

/// Runs the first `until` steps on a loaded chunk.
fn run<T: Folding>(
    merge: &TensorMerge,
    index: usize,
    until: usize,
    cuts: &Cuts,
    scratch: &mut Scratch<T>,
) {
    for (position, step) in merge.steps[..until].iter().enumerate() {
        if let Some((_, cuts)) = cuts.iter().find(|(at, _)| *at == position) {
            for (cut, row) in cuts.iter().zip(&mut scratch.chunk.models) {
                cut.apply(index, row);
            }
        }
        step.apply(&mut scratch.chunk);
    }
}

fn find_all_cuts<T: Folding>(merge: &TensorMerge, task: &Task) -> Result<Cuts> {
    let mut cuts = Cuts::new();
    for (position, step) in merge.steps.iter().enumerate() {
        let Step::KeepLargest { counts } = step else {
            continue;
        };
        let rows = |index: usize, visit: &mut dyn FnMut(usize, &[T])| -> Result<()> {
            let mut scratch = Scratch::<T>::default();
            load(merge, index, &mut scratch)?;
            run(merge, index, position, &cuts, &mut scratch);
            for (model, row) in scratch.chunk.models.iter().enumerate() {
                visit(model, row);
            }
            Ok(())
        };
        let elements = merge.elements as u64;
        let found = find_cuts(counts, elements, chunk::count(merge.elements), &rows, task)?;
        task.advance(elements);
        cuts.push((position, found));
    }
    Ok(cuts)
}

fn merge_chunk<T: Folding>(
    merge: &TensorMerge,
    index: usize,
    cuts: &Cuts,
    scratch: &mut Scratch<T>,
) -> Result<Outcome> {
    let non_finite = load(merge, index, scratch)?;
    if merge.base.is_none() {
        let Scratch {
            chunk, reference, ..
        } = scratch;
        reference.clone_from(&chunk.models[0]);
    }
    run(merge, index, merge.steps.len(), cuts, scratch);
    let dtype = merge.output_dtype()?;
    let Scratch {
        chunk,
        reference,
        values,
        bytes,
        other,
        ..
    } = scratch;
    bytes.resize(chunk.length * dtype.size(), 0);
    T::encode(dtype, &chunk.models[0], bytes)?;
    write(merge, index, bytes)?;
    let reference = if merge.base.is_some() {
        &chunk.base
    } else {
        &*reference
    };
    let difference = Difference::of(dtype, bytes, reference, other, values)?;
    Ok(Outcome {
        difference,
        non_finite,
        disagrees: false,
    })
}

/// Tensors that are not floating-point numbers: written as they are, if all inputs agree.
fn copy_chunk(merge: &TensorMerge, index: usize, scratch: &mut Scratch<f32>) -> Result<Outcome> {
    let range = chunk::range(index, merge.elements);
    let Scratch { bytes, other, .. } = scratch;
    let first = merge.reference();
    let size = first.entry.dtype.size();
    let offset = (range.start * size) as u64;
    bytes.resize(range.len() * size, 0);
    first.file.read_bytes(&first.entry, offset, bytes)?;
    let mut disagrees = false;
    for source in merge.sources() {
        other.resize(bytes.len(), 0);
        disagrees |= source.entry.dtype != first.entry.dtype;
        if !disagrees {
            source.file.read_bytes(&source.entry, offset, other)?;
            disagrees = bytes != other;
        }
    }
    write(merge, index, bytes)?;
    Ok(Outcome {
        difference: Difference::default(),
        non_finite: Vec::new(),
        disagrees,
    })
}

fn write(merge: &TensorMerge, index: usize, bytes: &[u8]) -> Result<()> {
    let writer = merge
        .writer
        .as_ref()
        .ok_or_else(|| Error::new(Reason::OutOfRange, "the merge has no output"))?;
    let entry = writer.entry(&merge.name)?;
    writer.write_bytes(entry, (index * CHUNK * entry.dtype.size()) as u64, bytes)
}
