//! Running programs over chunks.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::chunk::CHUNK;
use super::digests::{Digests, InputDigests};
use super::fact::Fact;
use super::find::find_facts;
use super::merge_chunk::{Outcome, Output, copy_chunk, merge_chunk};
use super::norms::Difference;
use super::pass::{Pass, Scratch};
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::Step;
use super::report::{MergeReport, NonFinite};
use super::source::Folding;
use crate::checkpoint::read::allocate;
use crate::{Result, Task};

/// Elements that are worked on between two looks at the outcome: enough to keep all threads busy, little enough that a merge with
/// broken input stops soon and that not much waits for its turn in a digest. Without influence on results.
const WINDOW: usize = 64 * CHUNK;

/// Working memory of threads, by precision.
#[derive(Default)]
struct Pools {
    narrow: Pool<Scratch<f32>>,
    wide: Pool<Scratch<f64>>,
    outputs: Pool<Output>,
}

/// Merges into the writers, in the order in which the results stand there. Without `allow_non_finite` it stops at the first window
/// that has non-finite inputs, and after any disagreement of tensors that cannot be merged; the report says so. It also stops after a
/// tensor whose result is not finite, of which the writer knows. Takes the digests of inputs on the way as far as the merges read them.
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
    let order = file_order(merges)?;
    let sorted: Vec<&TensorMerge> = order.iter().map(|index| &merges[*index]).collect();
    let mut report = MergeReport::default();
    let mut rest = &*sorted;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(fitting(rest.iter().map(|merge| merge.elements)));
        rest = after;
        if !run.merge_batch(batch, &mut report)? {
            return Ok(report);
        }
    }
    run.digests.finish(task)?;
    Ok(report.in_order(&order))
}

/// The merges by the place of their result, one file after the other. Files are written so, and most inputs are laid out alike, so that
/// digests need not wait.
fn file_order(merges: &[TensorMerge]) -> Result<Vec<usize>> {
    let mut files = HashMap::new();
    let mut places = Vec::with_capacity(merges.len());
    for (index, merge) in merges.iter().enumerate() {
        let writer = merge.output()?;
        let count = files.len();
        let file = *files.entry(Arc::as_ptr(writer)).or_insert(count);
        places.push((file, writer.entry(&merge.name)?.start, index));
    }
    places.sort_unstable();
    Ok(places.into_iter().map(|(.., index)| index).collect())
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
    fn merge_batch(&self, batch: &[&TensorMerge], report: &mut MergeReport) -> Result<bool> {
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
        let overflows = || batch.iter().any(|merge| merge.overflows());
        Ok(!stops && (self.allow_non_finite || !overflows()))
    }

    fn stops(&self, outcome: &Outcome) -> bool {
        let non_finite = outcome.non_finite.iter().any(|count| *count > 0);
        outcome.disagrees || (non_finite && !self.allow_non_finite)
    }

    /// Merges chunks. Whoever has done one first takes in what is ready of the files.
    fn merge_window(
        &self,
        batch: &[&TensorMerge],
        facts: &[Vec<Option<Fact>>],
        window: &[Item],
    ) -> Result<Vec<Outcome>> {
        let next = AtomicUsize::new(0);
        let work = |_| {
            let mut found = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((tensor, chunk)) = window.get(index) else {
                    return Ok(found);
                };
                let outcome = self.merge_item(batch[*tensor], &facts[*tensor], *chunk)?;
                found.push((index, outcome));
                // At the end of the window the others wait: what is left can be taken in beside the next.
                let goes_on = || next.load(Ordering::Relaxed) < window.len();
                while (goes_on() || self.digests.is_behind()) && self.digests.follow(self.task)? {}
            }
        };
        // In order, so that a digest does not wait for a chunk that nobody has begun.
        let found = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map(work)
            .collect::<Result<Vec<_>>>()?;
        self.digests.settle();
        let mut found: Vec<(usize, Outcome)> = found.into_iter().flatten().collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, outcome)| outcome).collect())
    }

    fn merge_item(
        &self,
        merge: &TensorMerge,
        facts: &[Option<Fact>],
        chunk: usize,
    ) -> Result<Outcome> {
        self.task.check()?;
        let outcome = match merge.is_wide()? {
            true => self.merge_with(&self.pools.wide, merge, facts, chunk),
            false => self.merge_with(&self.pools.narrow, merge, facts, chunk),
        };
        self.task.advance(merge.layout.range(chunk).len() as u64);
        outcome
    }

    fn merge_with<T: Folding>(
        &self,
        pool: &Pool<Scratch<T>>,
        merge: &TensorMerge,
        facts: &[Option<Fact>],
        chunk: usize,
    ) -> Result<Outcome> {
        let pass = Pass::new(merge, facts, pool, self.task);
        let range = merge.layout.range(chunk);
        let with = |scratch: &mut Scratch<T>, output: &mut Output| {
            let outcome = match merge.steps.is_empty() {
                true => copy_chunk(&pass, chunk, scratch, output),
                false => merge_chunk(&pass, chunk, scratch, output),
            }?;
            self.digests.made(merge, range.start, &mut output.bytes)?;
            self.digests.used(merge, &range, &mut scratch.raw);
            Ok(outcome)
        };
        let outputs = &self.pools.outputs;
        outputs.with(|output| pool.with(|scratch| with(scratch, output)))
    }
}

fn gather(batch: &[&TensorMerge], items: &[Item], outcomes: &[Outcome], report: &mut MergeReport) {
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
