//! SHA-256 of a file that takes in what has been read or written so far, so that no byte comes from the disk for its digest alone.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use crate::{Result, Task};

/// Bytes that are taken in at a time: they stay in the second-level cache.
const BLOCK: usize = 1 << 18;

/// The digest of the bytes before a position.
#[derive(Debug, Clone, Default)]
pub struct RunningHash {
    hash: Sha256,
    position: u64,
}

impl RunningHash {
    /// Bytes taken in.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes in the bytes before `end`. Fails where the file ends earlier.
    pub fn advance(&mut self, file: &File, end: u64, task: &Task) -> Result<()> {
        let mut block = vec![0; BLOCK.min(end.saturating_sub(self.position) as usize)];
        while self.position < end {
            task.check()?;
            let wanted = block.len().min((end - self.position) as usize);
            let length = file.read_at(&mut block[..wanted], self.position)?;
            if length == 0 {
                return Err(IoError::from(ErrorKind::UnexpectedEof).into());
            }
            self.hash.update(&block[..length]);
            self.position += length as u64;
        }
        Ok(())
    }

    /// Lower-case hex.
    pub fn digest(self) -> String {
        let bytes = self.hash.finalize();
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
