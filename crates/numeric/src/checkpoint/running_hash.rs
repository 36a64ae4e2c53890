//! SHA-256 of a file that takes in what has been read or written so far, so that no byte comes from the disk for its digest alone.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::sha256::{BLOCK, INITIAL, compress, finish};
use crate::{Result, Task};

/// Bytes that are taken in at a time: those of two files stay in the second-level cache.
const STRETCH: usize = 1 << 17;

/// The digest of the whole blocks before a position.
#[derive(Debug, Clone)]
pub struct RunningHash {
    state: [u32; 8],
    position: u64,
}

impl Default for RunningHash {
    fn default() -> Self {
        Self {
            state: INITIAL,
            position: 0,
        }
    }
}

/// A digest, its file, and a position that it is to reach.
pub type Advance<'a> = (&'a mut RunningHash, &'a File, u64);

impl RunningHash {
    /// Bytes taken in: a multiple of the block.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes in the blocks that end before `end`. Fails where the file ends earlier.
    pub fn advance(&mut self, file: &File, end: u64, task: &Task) -> Result<()> {
        let mut bytes = Vec::new();
        while self.read(file, end, &mut bytes, task)? {
            compress([&mut self.state], [&bytes]);
        }
        Ok(())
    }

    /// The same of two files, in less time than one after the other.
    pub fn advance_both(
        (a, file_a, end_a): Advance<'_>,
        (b, file_b, end_b): Advance<'_>,
        task: &Task,
    ) -> Result<()> {
        let (mut bytes_a, mut bytes_b) = (Vec::new(), Vec::new());
        while a.read(file_a, end_a, &mut bytes_a, task)? {
            b.read(file_b, end_b, &mut bytes_b, task)?;
            let both = bytes_a.len().min(bytes_b.len());
            let (first, rest_a) = bytes_a.split_at(both);
            let (second, rest_b) = bytes_b.split_at(both);
            compress([&mut a.state, &mut b.state], [first, second]);
            compress([&mut a.state], [rest_a]);
            compress([&mut b.state], [rest_b]);
        }
        b.advance(file_b, end_b, task)
    }

    /// Reads the next whole blocks before `end`; false where there are none.
    fn read(&mut self, file: &File, end: u64, bytes: &mut Vec<u8>, task: &Task) -> Result<bool> {
        task.check()?;
        let left = end.saturating_sub(self.position) as usize / BLOCK * BLOCK;
        bytes.resize(left.min(STRETCH), 0);
        file.read_exact_at(bytes, self.position)?;
        self.position += bytes.len() as u64;
        Ok(!bytes.is_empty())
    }

    /// Takes in the rest of a file of `length` bytes. Lower-case hex.
    pub fn finish(mut self, file: &File, length: u64, task: &Task) -> Result<String> {
        self.advance(file, length, task)?;
        let mut rest = vec![0; (length - self.position) as usize];
        file.read_exact_at(&mut rest, self.position)?;
        Ok(finish(self.state, &rest, length))
    }
}
