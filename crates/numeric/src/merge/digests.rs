//! Digests of what a merge reads and writes, from the buffers that it has just used, and the writing of its results.
//!
//! A digest takes in a file from its beginning to its end, and chunks of the merge are done in no fixed order. So every file has a lane
//! where they wait for those before them, and whoever has done a chunk takes in what is ready, a few files at a time. What the merge does
//! not read, or reads in another order, comes from the file. Results are written by one thread at a time, since the system lets only one
//! write into a file; the others leave theirs to it.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::lane::{Lane, Stretch};
use super::plan::TensorMerge;
use crate::checkpoint::{RunningHash, SafetensorsFile, SafetensorsWriter};
use crate::{Result, Task};

/// Bytes of a file that are taken in together: those of a few files stay in the second-level cache.
const STRETCH: u64 = 1 << 17;
/// Bytes that must be ready in each of several files, so that what is small does not cost a turn of its own.
const TOGETHER: u64 = 1 << 16;
/// Most files that one thread takes in together; fewer where there are threads for the others.
const MOST_TOGETHER: usize = 4;
/// Bytes that must be ready in a file that is taken in without another, which takes longer.
const ALONE: u64 = 1 << 20;
/// Bytes that may wait for a later window.
const BEHIND: usize = 1 << 24;
/// Most bytes of one file that are read from it beside one window of a merge: its digest does not run far ahead of the merge where
/// tensors are used in another order than they are stored in.
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
}

impl InputDigests {
    /// Of those files.
    pub fn new(inputs: &[Arc<SafetensorsFile>]) -> Self {
        let input = |file: &Arc<SafetensorsFile>| Input {
            file: Arc::clone(file),
            used: AtomicU64::new(file.data_start()),
            hash: Mutex::default(),
        };
        Self {
            inputs: inputs.iter().map(input).collect(),
        }
    }

    /// Takes in the rest and returns the digests, lower-case hex.
    pub fn finish(&self, task: &Task) -> Result<Vec<String>> {
        for input in &self.inputs {
            input.used.store(input.file.length(), Ordering::Relaxed);
        }
        let digests = Digests::new(self, &[]);
        digests.settle_within(u64::MAX);
        digests.finish(task)?;
        let digest = |input: &Input| std::mem::take(&mut *lock(&input.hash)).finish();
        Ok(self.inputs.iter().map(digest).collect())
    }
}

/// A file whose digest is taken.
enum Followed<'a> {
    Input(&'a Input),
    Output(Arc<SafetensorsWriter>),
}

impl Followed<'_> {
    fn hash(&self) -> MutexGuard<'_, RunningHash> {
        match self {
            Followed::Input(input) => lock(&input.hash),
            Followed::Output(writer) => writer.hash(),
        }
    }

    fn read_at(&self, position: u64, bytes: &mut [u8]) -> Result<()> {
        match self {
            Followed::Input(input) => input.file.read_at(position, bytes),
            Followed::Output(writer) => writer.read_at(position, bytes),
        }
    }

    /// End of what can be read from the file and will not come as a part.
    fn stored(&self) -> u64 {
        match self {
            Followed::Input(input) => input.used.load(Ordering::Relaxed).min(input.file.length()),
            Followed::Output(writer) => writer.written(),
        }
    }
}

/// The lanes of all files and the buffers that nobody uses.
struct Waiting {
    lanes: Vec<Lane>,
    /// Whether a thread takes in what comes next of the file.
    busy: Vec<bool>,
    /// Results that have not been written, with their lane and place.
    results: VecDeque<(usize, u64, Vec<u8>)>,
    /// Whether a thread writes them.
    writing: bool,
    free: Vec<Vec<u8>>,
}

impl Waiting {
    /// Takes the buffer and leaves another in its place.
    fn exchange(&mut self, bytes: &mut Vec<u8>) -> Vec<u8> {
        std::mem::replace(bytes, self.free.pop().unwrap_or_default())
    }

    fn add(&mut self, lane: usize, start: u64, part: Vec<u8>) {
        self.free.extend(self.lanes[lane].add(start, part));
    }
}

/// The digests that are taken beside one merge: of those inputs, and of all files that it writes.
pub struct Digests<'a> {
    files: Vec<Followed<'a>>,
    /// By address.
    by_file: HashMap<usize, usize>,
    waiting: Mutex<Waiting>,
}

impl<'a> Digests<'a> {
    /// For these merges.
    pub fn new(inputs: &'a InputDigests, merges: &[TensorMerge]) -> Self {
        let mut files: Vec<_> = inputs.inputs.iter().map(Followed::Input).collect();
        let addresses = inputs.inputs.iter().map(|input| address(&input.file));
        let mut by_file: HashMap<usize, usize> = addresses.zip(0..).collect();
        for writer in merges.iter().filter_map(|merge| merge.writer.as_ref()) {
            by_file.entry(address(writer)).or_insert_with(|| {
                files.push(Followed::Output(Arc::clone(writer)));
                files.len() - 1
            });
        }
        let lane = |file: &Followed<'_>| {
            let mut lane = Lane::new(file.hash().position());
            lane.store(file.stored());
            lane
        };
        let waiting = Waiting {
            lanes: files.iter().map(lane).collect(),
            busy: vec![false; files.len()],
            results: VecDeque::new(),
            writing: false,
            free: Vec::new(),
        };
        Self {
            files,
            by_file,
            waiting: Mutex::new(waiting),
        }
    }

    /// Takes what the merge has read of a tensor, a buffer for each source, and leaves others in their place.
    pub fn used(&self, merge: &TensorMerge, elements: &Range<usize>, buffers: &mut [Vec<u8>]) {
        for (source, bytes) in merge.sources().zip(buffers) {
            let Some(index) = self.by_file.get(&address(&source.file)) else {
                continue;
            };
            let offset = (elements.start * source.entry.dtype.size()) as u64;
            let start = source.file.position(&source.entry, offset);
            if let Followed::Input(input) = &self.files[*index] {
                let end = start + bytes.len() as u64;
                input.used.fetch_max(end, Ordering::Relaxed);
            }
            let mut waiting = lock(&self.waiting);
            let part = waiting.exchange(bytes);
            waiting.add(*index, start, part);
        }
    }

    /// Writes the result of elements from `start` of a tensor, or leaves it to the thread that writes; leaves another buffer in its place.
    pub fn made(&self, merge: &TensorMerge, start: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let writer = merge.output()?;
        let entry = writer.entry(&merge.name)?;
        let offset = (start * entry.dtype.size()) as u64;
        let position = writer.judge(entry, offset, bytes)?;
        let index = self.by_file[&address(writer)];
        let mut waiting = lock(&self.waiting);
        let part = waiting.exchange(bytes);
        waiting.results.push_back((index, position, part));
        if std::mem::replace(&mut waiting.writing, true) {
            return Ok(());
        }
        while let Some((index, position, part)) = waiting.results.pop_front() {
            drop(waiting);
            if let Followed::Output(writer) = &self.files[index] {
                writer.write_at(position, &part)?;
                writer.store();
            }
            waiting = lock(&self.waiting);
            waiting.add(index, position, part);
        }
        waiting.writing = false;
        Ok(())
    }

    /// Whether so much waits that it should be taken in before the merge goes on.
    pub fn is_behind(&self) -> bool {
        let waiting = lock(&self.waiting);
        waiting.lanes.iter().map(Lane::waiting).sum::<usize>() > BEHIND
    }

    /// Takes in some of what is ready, if it is enough for a turn; false if it is not.
    pub fn follow(&self, task: &Task) -> Result<bool> {
        self.take_in(TOGETHER, ALONE, task)
    }

    /// Says that all threads have handed in what they have done. What has a gap before it is not waited for.
    pub fn settle(&self) {
        self.settle_within(STRIDE);
    }

    fn settle_within(&self, stride: u64) {
        let mut waiting = lock(&self.waiting);
        let Waiting { lanes, free, .. } = &mut *waiting;
        for (file, lane) in self.files.iter().zip(lanes) {
            free.extend(lane.take_beyond());
            lane.store(file.stored().min(lane.position().saturating_add(stride)));
        }
    }

    /// Takes in all that is ready.
    pub fn finish(&self, task: &Task) -> Result<()> {
        (0..self.files.len())
            .into_par_iter()
            .with_max_len(1)
            .try_for_each(|_| {
                while self.take_in(1, 1, task)? {}
                Ok(())
            })
    }

    fn take_in(&self, together: u64, alone: u64, task: &Task) -> Result<bool> {
        task.check()?;
        let taken = self.begin(together, alone);
        if taken.is_empty() {
            return Ok(false);
        }
        let mut stretches = Vec::with_capacity(taken.len());
        for (index, stretch) in taken {
            stretches.push((index, self.parts_of(index, stretch)?));
        }
        let files = stretches.iter().map(|(index, _)| &self.files[*index]);
        let mut hashes: Vec<_> = files.map(Followed::hash).collect();
        let parts = stretches.iter().map(|(_, parts)| &**parts);
        take_together(hashes.iter_mut().map(|hash| &mut **hash).zip(parts));
        drop(hashes);
        let mut waiting = lock(&self.waiting);
        for (index, parts) in stretches {
            waiting.busy[index] = false;
            waiting.free.extend(parts);
        }
        Ok(true)
    }

    /// Takes as much out of each of the lanes that have most, or out of one.
    fn begin(&self, together: u64, alone: u64) -> Vec<(usize, Stretch)> {
        let mut waiting = lock(&self.waiting);
        let Waiting { lanes, busy, .. } = &mut *waiting;
        let mut ready: Vec<(u64, usize)> = (0..lanes.len())
            .filter(|index| !busy[*index])
            .map(|index| (lanes[index].ready(), index))
            .collect();
        ready.sort_unstable_by(|x, y| y.cmp(x));
        let most_together = 2 * MOST_TOGETHER / rayon::current_num_threads();
        ready.truncate(most_together.clamp(2, MOST_TOGETHER));
        let enough = ready.iter().filter(|(bytes, _)| *bytes >= together);
        let chosen = match enough.count() {
            0 | 1 if ready.first().is_none_or(|(bytes, _)| *bytes < alone) => return Vec::new(),
            0 => 1,
            count => count,
        };
        ready.truncate(chosen);
        let most = ready[chosen - 1].0.min(STRETCH);
        ready
            .into_iter()
            .map(|(_, index)| {
                busy[index] = true;
                (index, lanes[index].take(most))
            })
            .collect()
    }

    /// The bytes of a stretch: as they are, or read from the file.
    fn parts_of(&self, index: usize, stretch: Stretch) -> Result<Vec<Vec<u8>>> {
        match stretch {
            Stretch::Parts(parts) => Ok(parts),
            Stretch::Stored(range) => {
                let mut bytes = lock(&self.waiting).free.pop().unwrap_or_default();
                bytes.resize((range.end - range.start) as usize, 0);
                self.files[index].read_at(range.start, &mut bytes)?;
                Ok(vec![bytes])
            }
        }
    }
}

/// Takes parts into several digests side by side.
fn take_together<'a>(hashes: impl Iterator<Item = (&'a mut RunningHash, &'a [Vec<u8>])>) {
    let mut left: Vec<_> = hashes
        .map(|(hash, parts)| (hash, &[] as &[u8], parts.iter()))
        .collect();
    loop {
        for (_, part, parts) in &mut left {
            while part.is_empty()
                && let Some(next) = parts.next()
            {
                *part = next;
            }
        }
        left.retain(|(_, part, _)| !part.is_empty());
        let Some(length) = left.iter().map(|(_, part, _)| part.len()).min() else {
            return;
        };
        RunningHash::take_together(left.iter_mut().map(|(hash, part, _)| {
            let (now, later) = part.split_at(length);
            *part = later;
            (&mut **hash, now)
        }));
    }
}

fn address<S>(shared: &Arc<S>) -> usize {
    Arc::as_ptr(shared).addr()
}

fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
