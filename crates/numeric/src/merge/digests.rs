//! Digests of what a merge reads and writes, taken beside the merge from bytes that it has just used.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::plan::TensorMerge;
use crate::checkpoint::running_hash::Advance;
use crate::checkpoint::{RunningHash, SafetensorsFile, SafetensorsWriter};
use crate::{Result, Task};

/// Most bytes of one file that are taken in beside one window of a merge: no thread is left alone with a file whose tensors are
/// used in another order than they are stored in.
const STRIDE: u64 = 1 << 25;

/// An input on its way through the merge.
struct Input {
    file: Arc<SafetensorsFile>,
    /// End of the last byte that the merge has used.
    used: AtomicU64,
    hash: Mutex<RunningHash>,
}

/// Inputs whose digests are taken on the way through one merge or several, one after the other.
#[derive(Default)]
pub struct InputDigests {
    inputs: Vec<Input>,
    /// By address.
    by_file: HashMap<usize, usize>,
}

impl InputDigests {
    /// Of those files.
    pub fn new(inputs: &[Arc<SafetensorsFile>]) -> Self {
        let input = |file: &Arc<SafetensorsFile>| Input {
            file: Arc::clone(file),
            used: AtomicU64::new(0),
            hash: Mutex::default(),
        };
        Self {
            inputs: inputs.iter().map(input).collect(),
            by_file: inputs.iter().map(address).zip(0..).collect(),
        }
    }

    /// Takes in the rest and returns the digests, lower-case hex.
    pub fn finish(&self, task: &Task) -> Result<Vec<String>> {
        Digests::new(self, &[]).advance(task, |input, _| input.file.length())?;
        let digest = |input: &Input| {
            let hash = std::mem::take(&mut *lock(&input.hash));
            input.file.digest(hash, task)
        };
        self.inputs.iter().map(digest).collect()
    }
}

/// The digests that are taken beside one merge: of those inputs, and of all files that it writes.
pub struct Digests<'a> {
    inputs: &'a InputDigests,
    writers: Vec<Arc<SafetensorsWriter>>,
}

impl<'a> Digests<'a> {
    /// For these merges.
    pub fn new(inputs: &'a InputDigests, merges: &[TensorMerge]) -> Self {
        let mut writers: Vec<Arc<SafetensorsWriter>> = Vec::new();
        for writer in merges.iter().filter_map(|merge| merge.writer.as_ref()) {
            if !writers.iter().any(|known| Arc::ptr_eq(known, writer)) {
                writers.push(Arc::clone(writer));
            }
        }
        Self { inputs, writers }
    }

    /// Notes that the merge has used elements of a tensor.
    pub fn used(&self, merge: &TensorMerge, elements: &Range<usize>) {
        for source in merge.sources() {
            if let Some(index) = self.inputs.by_file.get(&address(&source.file)) {
                let bytes = (elements.end * source.entry.dtype.size()) as u64;
                let end = source.file.position(&source.entry, bytes);
                let input = &self.inputs.inputs[*index];
                input.used.fetch_max(end, Ordering::Relaxed);
            }
        }
    }

    /// Takes in what has been used and written by now, or the next part of it.
    pub fn follow(&self, task: &Task) -> Result<()> {
        self.advance(task, |input, position| {
            let used = input.used.load(Ordering::Relaxed);
            used.min(position + STRIDE)
        })
    }

    /// Takes in the files to their ends, two at a time.
    fn advance(&self, task: &Task, end: impl Fn(&Input, u64) -> u64) -> Result<()> {
        let inputs = self.inputs.inputs.iter().map(|input| {
            let end = end(input, lock(&input.hash).position());
            (Followed::Input(input), end.min(input.file.length()))
        });
        let outputs = self
            .writers
            .iter()
            .map(|writer| (Followed::Output(writer), writer.written()));
        let files: Vec<(Followed<'_>, u64)> = inputs
            .chain(outputs)
            .filter(|(file, end)| file.hash().position() < *end)
            .collect();
        files.par_chunks(2).try_for_each(|pair| {
            let mut hashes: Vec<_> = pair.iter().map(|(file, _)| file.hash()).collect();
            let starts: Vec<u64> = hashes.iter().map(|hash| hash.position()).collect();
            let mut advances = pair.iter().zip(&mut hashes);
            let mut next = || {
                advances
                    .next()
                    .map(|((file, end), hash)| file.advance(hash, *end))
            };
            match (next(), next()) {
                (Some(a), Some(b)) => RunningHash::advance_both(a, b, task)?,
                (Some((hash, file, end)), _) => hash.advance(file, end, task)?,
                _ => {}
            }
            for (((file, _), start), hash) in pair.iter().zip(starts).zip(&hashes) {
                if let Followed::Output(writer) = file {
                    writer.store(start, hash.position());
                }
            }
            Ok(())
        })
    }
}

fn address(file: &Arc<SafetensorsFile>) -> usize {
    Arc::as_ptr(file).addr()
}

/// A file whose digest is taken.
enum Followed<'a> {
    Input(&'a Input),
    Output(&'a SafetensorsWriter),
}

impl<'a> Followed<'a> {
    fn hash(&self) -> MutexGuard<'a, RunningHash> {
        match self {
            Followed::Input(input) => lock(&input.hash),
            Followed::Output(writer) => writer.hash(),
        }
    }

    fn advance<'b>(&self, hash: &'b mut RunningHash, end: u64) -> Advance<'b>
    where
        'a: 'b,
    {
        match self {
            Followed::Input(input) => input.file.advance(hash, end),
            Followed::Output(writer) => writer.advance(hash, end),
        }
    }
}

fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
