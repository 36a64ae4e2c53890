//! Running programs over chunks.

use rayon::prelude::*;

use super::chunk::CHUNK;
use super::digests::{Digests, InputDigests};
use super::fact::Fact;
use super::find::find_facts;
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
/// broken input stops soon and that the bytes are still in memory when their digest is taken. Without influence on results.
const WINDOW: usize = 64 * CHUNK;

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

/// Merges into the writers. Without `allow_non_finite` it stops at the first window that has non-finite inputs, and after any
/// disagreement of tensors that cannot be merged; the report says so. It also stops after a tensor whose result is not finite, of
/// which the writer knows. Takes the digests of inputs on the way as far as the merges
/// read them.
pub fn merge_files(
    merges: &[TensorMerge],
    inputs: &InputDigests,
    allow_non_finite: bool,
    task: &Task,
) -> Result<MergeReport> {
    task.set_total(merges.iter().map(work).sum());
    let run = Run {
        pools: Pools::default(),
        digests: Digests::new(inputs, merges),
        allow_non_finite,
        task,
    };
    let mut report = MergeReport::default();
    let mut rest = merges;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(fitting(rest.iter().map(|merge| merge.elements)));
        rest = after;
        if !run.merge_batch(batch, &mut report)? {
            return Ok(report);
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
            let range = merge.layout.range(index);
            let start = range.start;
            pass.tiles(range, &[end], &mut |_, tile| {
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

/// How many fit into a window; at least one.
fn fitting(elements: impl Iterator<Item = usize>) -> usize {
    let mut total = 0;
    let fits = elements.take_while(|elements| {
        total += elements;
        total <= WINDOW
    });
    fits.count().max(1)
}

/// A chunk of a tensor of a batch.
type Item = (usize, usize);

/// What all batches share.
struct Run<'a> {
    pools: Pools,
    digests: Digests<'a>,
    allow_non_finite: bool,
    task: &'a Task,
}

impl Run<'_> {
    /// False where the merge has to stop.
    fn merge_batch(&self, batch: &[TensorMerge], report: &mut MergeReport) -> Result<bool> {
        let (pools, task) = (&self.pools, self.task);
        let facts = batch
            .par_iter()
            .map(|merge| match merge.is_wide()? {
                true => find_facts(merge, &pools.wide, task),
                false => find_facts(merge, &pools.narrow, task),
            })
            .collect::<Result<Vec<_>>>()?;
        let items: Vec<Item> = batch
            .iter()
            .enumerate()
            .flat_map(|(tensor, merge)| {
                (0..merge.layout.chunks()).map(move |chunk| (tensor, chunk))
            })
            .collect();
        let mut outcomes = Vec::with_capacity(items.len());
        let mut stops = false;
        while !stops && outcomes.len() < items.len() {
            let rest = &items[outcomes.len()..];
            let length = |(tensor, chunk): &Item| batch[*tensor].layout.range(*chunk).len();
            let window = &rest[..fitting(rest.iter().map(length))];
            let found = self.merge_window(batch, &facts, window)?;
            stops = found.iter().any(|outcome| self.stops(outcome));
            outcomes.extend(found);
        }
        gather(batch, &items, &outcomes, report);
        let overflows = || batch.iter().any(TensorMerge::overflows);
        Ok(!stops && (self.allow_non_finite || !overflows()))
    }

    fn stops(&self, outcome: &Outcome) -> bool {
        let non_finite = outcome.non_finite.iter().any(|count| *count > 0);
        outcome.disagrees || (non_finite && !self.allow_non_finite)
    }

    /// Merges chunks, while the digests take in what was used before.
    fn merge_window(
        &self,
        batch: &[TensorMerge],
        facts: &[Vec<Option<Fact>>],
        window: &[Item],
    ) -> Result<Vec<Outcome>> {
        let merged = || {
            let merge =
                |(tensor, chunk): &Item| self.merge_item(&batch[*tensor], &facts[*tensor], *chunk);
            window.par_iter().map(merge).collect::<Result<Vec<_>>>()
        };
        let (followed, outcomes) = rayon::join(|| self.digests.follow(self.task), merged);
        followed?;
        for (tensor, chunk) in window {
            let merge = &batch[*tensor];
            self.digests.used(merge, &merge.layout.range(*chunk));
        }
        outcomes
    }

    fn merge_item(
        &self,
        merge: &TensorMerge,
        facts: &[Option<Fact>],
        chunk: usize,
    ) -> Result<Outcome> {
        let (pools, task) = (&self.pools, self.task);
        task.check()?;
        let outcome = pools.outputs.with(|output| {
            if merge.steps.is_empty() {
                copy_chunk(merge, chunk, output)
            } else if merge.is_wide()? {
                let pass = Pass::new(merge, facts, &pools.wide, task);
                pools
                    .wide
                    .with(|scratch| merge_chunk(&pass, chunk, scratch, output))
            } else {
                let pass = Pass::new(merge, facts, &pools.narrow, task);
                pools
                    .narrow
                    .with(|scratch| merge_chunk(&pass, chunk, scratch, output))
            }
        });
        task.advance(merge.layout.range(chunk).len() as u64);
        outcome
    }
}

fn gather(batch: &[TensorMerge], items: &[Item], outcomes: &[Outcome], report: &mut MergeReport) {
    let mut at = 0;
    for (tensor, merge) in batch.iter().enumerate() {
        let mut difference = Difference::default();
        let mut non_finite = vec![0; merge.sources().count()];
        let mut disagrees = false;
        while at < outcomes.len() && items[at].0 == tensor {
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
