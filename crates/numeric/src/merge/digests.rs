//! Digests of what a merge reads and writes, taken beside the merge from bytes that it has just used.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::plan::TensorMerge;
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
    by_file: HashMap<*const SafetensorsFile, usize>,
}

// SAFETY: the pointers are keys; they are never followed.
unsafe impl Send for InputDigests {}
// SAFETY: as above.
unsafe impl Sync for InputDigests {}

impl InputDigests {
    /// Of those files.
    pub fn new(inputs: &[Arc<SafetensorsFile>]) -> Self {
        let by_file = inputs.iter().map(Arc::as_ptr).zip(0..).collect();
        let input = |file: &Arc<SafetensorsFile>| Input {
            file: Arc::clone(file),
            used: AtomicU64::new(0),
            hash: Mutex::default(),
        };
        Self {
            inputs: inputs.iter().map(input).collect(),
            by_file,
        }
    }

    /// Notes that the merge has used elements of a tensor.
    pub fn used(&self, merge: &TensorMerge, elements: &Range<usize>) {
        for source in merge.sources() {
            if let Some(index) = self.by_file.get(&Arc::as_ptr(&source.file)) {
                let bytes = (elements.end * source.entry.dtype.size()) as u64;
                let end = source.file.position(&source.entry, bytes);
                self.inputs[*index].used.fetch_max(end, Ordering::Relaxed);
            }
        }
    }

    /// Takes in the rest and returns the digests, lower-case hex.
    pub fn finish(&self, task: &Task) -> Result<Vec<String>> {
        self.advance(task, |input, _| input.file.length())?;
        let digest = |input: &Input| std::mem::take(&mut *lock(&input.hash)).digest();
        Ok(self.inputs.iter().map(digest).collect())
    }

    fn advance(&self, task: &Task, end: impl Fn(&Input, u64) -> u64 + Sync) -> Result<()> {
        self.inputs.par_iter().try_for_each(|input| {
            let mut hash = lock(&input.hash);
            let end = end(input, hash.position());
            input.file.hash(&mut hash, end, task)
        })
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
        self.inputs.used(merge, elements);
    }

    /// Takes in what has been used and written by now, or the next part of it.
    pub fn follow(&self, task: &Task) -> Result<()> {
        let outputs = || self.writers.par_iter().try_for_each(|w| w.follow(task));
        let inputs = || {
            self.inputs.advance(task, |input, position| {
                let used = input.used.load(Ordering::Relaxed);
                used.min(position + STRIDE)
            })
        };
        let (inputs, outputs) = rayon::join(inputs, outputs);
        inputs.and(outputs)
    }
}

fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
