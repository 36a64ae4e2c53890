//! Writing safetensors: header and offsets first, then each tensor where it belongs, in any order and from any thread.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::convert::Real;
use super::fault::shown;
use super::non_finite::count_stored;
use super::read::CHUNK;
use super::written::Written;
use super::{Header, RunningHash, TensorEntry, TensorPlan};
use crate::{Error, Reason, Result, Task};

/// Bytes of a file that the system is told to store together.
const STORED_AT_A_TIME: u64 = 1 << 23;

/// A tensor whose values left the range of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonFiniteResult {
    /// The tensor.
    pub tensor: TensorEntry,
    /// NaN and infinite elements.
    pub count: u64,
}

/// A file in the making. It stands under a temporary name beside its target until [`SafetensorsWriter::finish`]; dropped before
/// that, it is removed.
#[derive(Debug)]
pub struct SafetensorsWriter {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    entries: HashMap<String, TensorEntry>,
    data_start: u64,
    length: u64,
    written: Mutex<Written>,
    hash: Mutex<RunningHash>,
    /// What lies before is on its way to the disk.
    storing: AtomicU64,
    /// Written NaN and infinite elements, by tensor.
    non_finite: Mutex<BTreeMap<String, u64>>,
    allow_non_finite: bool,
    finished: bool,
}

impl SafetensorsWriter {
    /// Creates the file and writes its header. Tensors are laid out by size of their element, largest first, then by name, as the
    /// reference implementation does, so that all are aligned.
    pub fn create(
        target: &Path,
        mut plans: Vec<TensorPlan>,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Self> {
        plans.sort_by(|x, y| {
            y.dtype
                .size()
                .cmp(&x.dtype.size())
                .then_with(|| x.name.cmp(&y.name))
        });
        let (header, entries) = Header::compose(&plans, metadata)?;
        let temporary = temporary_name(target)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        let data_start = header.len() as u64;
        let total = entries.last().map_or(0, |entry| entry.end);
        let writer = Self {
            file,
            temporary,
            target: target.to_owned(),
            entries: entries
                .into_iter()
                .map(|entry| (entry.name.clone(), entry))
                .collect(),
            data_start,
            length: data_start + total,
            written: Mutex::default(),
            hash: Mutex::default(),
            storing: AtomicU64::new(0),
            non_finite: Mutex::default(),
            allow_non_finite: false,
            finished: false,
        };
        writer.file.write_all_at(&header, 0)?;
        lock(&writer.written).add(0, data_start);
        Ok(writer)
    }

    /// Without it, `finish` refuses tensors that have become NaN or infinite.
    pub fn allow_non_finite(mut self, allow: bool) -> Self {
        self.allow_non_finite = allow;
        self
    }

    /// Where a tensor goes.
    pub fn entry(&self, name: &str) -> Result<&TensorEntry> {
        self.entries
            .get(name)
            .ok_or_else(|| Error::new(Reason::UnknownTensor, shown(name)))
    }

    /// Writes bytes of whole elements, values that have been rounded, from byte `offset` of a tensor. Every byte of the file must be
    /// written once.
    pub fn write_bytes(&self, entry: &TensorEntry, offset: u64, bytes: &[u8]) -> Result<()> {
        let position = self.judge(entry, offset, bytes)?;
        self.write_at(position, bytes)
    }

    /// Where the bytes of `write_bytes` belong in the file; counts those of them that are not finite, and writes nothing.
    pub fn judge(&self, entry: &TensorEntry, offset: u64, bytes: &[u8]) -> Result<u64> {
        let position = self.position(entry, offset, bytes)?;
        let count = count_stored(entry.dtype, bytes);
        if count > 0 {
            *lock(&self.non_finite)
                .entry(entry.name.clone())
                .or_default() += count;
        }
        Ok(position)
    }

    fn position(&self, entry: &TensorEntry, offset: u64, bytes: &[u8]) -> Result<u64> {
        if offset + bytes.len() as u64 > entry.end - entry.start {
            return Err(Error::new(Reason::OutOfRange, shown(&entry.name)));
        }
        Ok(self.data_start + entry.start + offset)
    }

    /// Writes bytes where they belong in the file.
    pub fn write_at(&self, position: u64, bytes: &[u8]) -> Result<()> {
        // `write_all_at` goes on after a short write and fails with the system's error when nothing more can be written.
        self.file.write_all_at(bytes, position)?;
        lock(&self.written).add(position, bytes.len() as u64);
        Ok(())
    }

    /// Writes a whole tensor, rounding once to its storage type.
    pub fn write<T: Real>(&self, name: &str, values: &[T], task: &Task) -> Result<()> {
        let entry = self.entry(name)?;
        if values.len() as u64 != entry.elements() {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!(
                    "{} has {} elements, {} were given",
                    shown(name),
                    entry.elements(),
                    values.len()
                ),
            ));
        }
        let size = entry.dtype.size();
        task.set_total(values.len() as u64);
        values.par_chunks(CHUNK).enumerate().try_for_each_init(
            Vec::new,
            |bytes: &mut Vec<u8>, (index, chunk)| -> Result<()> {
                task.check()?;
                bytes.resize(chunk.len() * size, 0);
                T::encode(entry.dtype, chunk, bytes)?;
                self.write_bytes(entry, (index * CHUNK * size) as u64, bytes)?;
                task.advance(chunk.len() as u64);
                Ok(())
            },
        )
    }

    /// Writes a whole tensor as it is stored elsewhere: nothing has been computed or rounded, so NaN and infinity are not counted.
    pub fn write_raw(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let entry = self.entry(name)?;
        if bytes.len() as u64 != entry.end - entry.start {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!("{}: {} bytes were given", shown(name), bytes.len()),
            ));
        }
        self.write_at(self.position(entry, 0, bytes)?, bytes)
    }

    /// Tensors that have become NaN or infinite, in order of name; none where that is allowed.
    pub fn non_finite(&self) -> Vec<NonFiniteResult> {
        if self.allow_non_finite {
            return Vec::new();
        }
        let found = lock(&self.non_finite);
        let result = |(name, count): (&String, &u64)| NonFiniteResult {
            tensor: self.entries[name].clone(),
            count: *count,
        };
        found.iter().map(result).collect()
    }

    /// Bytes of the file that have been written without a gap.
    pub fn written(&self) -> u64 {
        lock(&self.written).end()
    }

    /// Fills `bytes` from a position in the file, of what has been written.
    pub fn read_at(&self, position: u64, bytes: &mut [u8]) -> Result<()> {
        Ok(self.file.read_exact_at(bytes, position)?)
    }

    /// The digest of the bytes from the beginning of the file that have been taken into it. `finish` takes in what follows.
    pub fn hash(&self) -> MutexGuard<'_, RunningHash> {
        lock(&self.hash)
    }

    /// Lets the system begin to store what has been written without a gap, once it is enough. Nothing that writes has to wait.
    pub fn store(&self) {
        let (start, end) = (self.storing.load(Ordering::Relaxed), self.written());
        if end >= start + STORED_AT_A_TIME {
            self.storing.store(end, Ordering::Relaxed);
            begin_storing(&self.file, start, end - start);
        }
    }

    /// Makes the content durable and gives the file its name. Refuses values that are not finite, and while bytes are missing. Returns
    /// the SHA-256 of the file, lower-case hex.
    pub fn finish(mut self, task: &Task) -> Result<String> {
        if let Some(NonFiniteResult { tensor, count }) = self.non_finite().first() {
            let (name, dtype) = (shown(&tensor.name), tensor.dtype.name());
            return Err(Error::new(
                Reason::NonFinite,
                format!("{name}: {count} values as {dtype}"),
            ));
        }
        let written = self.written();
        if written != self.length {
            return Err(Error::new(
                Reason::OutOfRange,
                format!(
                    "{written} of {} bytes were written without a gap",
                    self.length
                ),
            ));
        }
        let mut hash = std::mem::take(&mut *lock(&self.hash));
        hash.read(&self.file, self.length, task)?;
        self.file.sync_all()?;
        std::fs::rename(&self.temporary, &self.target)?;
        self.finished = true;
        if let Some(folder) = self.target.parent() {
            sync_folder(folder)?;
        }
        Ok(hash.finish())
    }
}

/// Makes the names in a folder durable, where its file system can: network shares and FUSE may refuse.
fn sync_folder(folder: &Path) -> Result<()> {
    const CANNOT: [i32; 5] = [
        libc::EINVAL,
        libc::ENOTSUP,
        libc::ENOSYS,
        libc::EBADF,
        libc::EISDIR,
    ];
    match File::open(folder)?.sync_all() {
        Err(error)
            if !error
                .raw_os_error()
                .is_some_and(|code| CANNOT.contains(&code)) =>
        {
            Err(error.into())
        }
        _ => Ok(()),
    }
}

impl Drop for SafetensorsWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Otherwise the system begins when much of the memory is full, or when the file is finished and all wait for it.
#[cfg(target_os = "linux")]
fn begin_storing(file: &File, start: u64, length: u64) {
    use std::os::fd::AsRawFd;
    // A hint: where it fails, `sync_all` reports what is wrong with the disk.
    // SAFETY: the descriptor is open, and the call touches no memory of this process.
    unsafe {
        libc::sync_file_range(
            file.as_raw_fd(),
            start as libc::off64_t,
            length as libc::off64_t,
            libc::SYNC_FILE_RANGE_WRITE,
        );
    }
}

#[cfg(not(target_os = "linux"))]
fn begin_storing(_file: &File, _start: u64, _length: u64) {}

fn temporary_name(target: &Path) -> Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = target
        .file_name()
        .ok_or_else(|| Error::new(Reason::Io, "no file name"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    temporary.push(format!(".{}-{count}.partial", std::process::id()));
    Ok(target.with_file_name(temporary))
}
