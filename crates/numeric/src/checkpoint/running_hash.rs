//! SHA-256 of a file that takes in its bytes as they come, from memory or from the file.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::sha256::{BLOCK, INITIAL, compress, finish};
use crate::{Result, Task};

/// Bytes that are read at a time: they stay in the second-level cache.
const STRETCH: usize = 1 << 17;

/// The digest of the bytes before a position.
#[derive(Debug, Clone)]
pub struct RunningHash {
    state: [u32; 8],
    position: u64,
    /// What follows the last whole block.
    rest: [u8; BLOCK],
}

impl Default for RunningHash {
    fn default() -> Self {
        Self {
            state: INITIAL,
            position: 0,
            rest: [0; BLOCK],
        }
    }
}

impl RunningHash {
    /// Bytes taken in.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Takes in the bytes that follow.
    pub fn take(&mut self, bytes: &[u8]) {
        let blocks = self.whole_blocks(bytes);
        compress([&mut self.state], [blocks]);
    }

    /// Takes the bytes that follow into several digests, in less time than one after the other where there are as many for all.
    pub fn take_together<'a>(hashes: impl IntoIterator<Item = (&'a mut Self, &'a [u8])>) {
        let blocks = |(hash, bytes): (&'a mut Self, &'a [u8])| {
            let blocks = hash.whole_blocks(bytes);
            (&mut hash.state, blocks)
        };
        let mut left: Vec<(&mut [u32; 8], &[u8])> = hashes.into_iter().map(blocks).collect();
        loop {
            left.retain(|(_, blocks)| !blocks.is_empty());
            let length = left.iter().map(|(_, blocks)| blocks.len()).min();
            let Some(length) = length else { return };
            match &mut *left {
                [a, b, c, d, ..] => compress_first([a, b, c, d], length),
                [a, b, c] => compress_first([a, b, c], length),
                [a, b] => compress_first([a, b], length),
                others => others
                    .iter_mut()
                    .for_each(|one| compress_first([one], length)),
            }
        }
    }

    /// The blocks among the bytes that follow that are still to be compressed. All else is taken in.
    fn whole_blocks<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        let begun = (self.position % BLOCK as u64) as usize;
        self.position += bytes.len() as u64;
        if begun > 0 {
            let (first, others) = bytes.split_at((BLOCK - begun).min(bytes.len()));
            self.rest[begun..][..first.len()].copy_from_slice(first);
            if begun + first.len() < BLOCK {
                return &[];
            }
            compress([&mut self.state], [&self.rest]);
            bytes = others;
        }
        let (blocks, rest) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
        self.rest[..rest.len()].copy_from_slice(rest);
        blocks
    }

    /// Takes in a file from the position to `end`. Fails where it ends earlier.
    pub fn read(&mut self, file: &File, end: u64, task: &Task) -> Result<()> {
        let mut bytes = Vec::new();
        while self.position < end {
            task.check()?;
            let left = usize::try_from(end - self.position).unwrap_or(usize::MAX);
            bytes.resize(left.min(STRETCH), 0);
            file.read_exact_at(&mut bytes, self.position)?;
            self.take(&bytes);
        }
        Ok(())
    }

    /// The digest of what has been taken in, lower-case hex.
    pub fn finish(self) -> String {
        let rest = (self.position % BLOCK as u64) as usize;
        finish(self.state, &self.rest[..rest], self.position)
    }
}

/// Takes the first `length` bytes of each message into its state.
fn compress_first<const N: usize>(items: [&mut (&mut [u32; 8], &[u8]); N], length: usize) {
    let mut messages = [&[] as &[u8]; N];
    let mut next = messages.iter_mut();
    let states = items.map(|(state, message)| {
        let (first, rest) = message.split_at(length);
        if let Some(next) = next.next() {
            *next = first;
        }
        *message = rest;
        &mut **state
    });
    compress(states, messages);
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn message(length: usize, start: u8) -> Vec<u8> {
        (0..length).map(|i| (i * i / 7) as u8 ^ start).collect()
    }

    fn expected(message: &[u8]) -> String {
        Sha256::digest(message)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn bytes_may_come_in_parts_of_any_length() {
        let message = message(1000, 3);
        for length in [1, 7, 63, 64, 65, 200, 999, 1000] {
            let mut hash = RunningHash::default();
            message.chunks(length).for_each(|part| hash.take(part));
            assert_eq!(hash.position(), 1000);
            assert_eq!(hash.finish(), expected(&message), "{length}");
        }
        assert_eq!(RunningHash::default().finish(), expected(&[]));
    }

    #[test]
    fn several_that_begin_at_different_places_do_not_mix() {
        for count in 1..=6u8 {
            for begun in [0, 1, 63, 64, 100] {
                let message = |i: u8| message(900 - 70 * usize::from(i), 37 * i);
                let messages: Vec<_> = (0..count).map(message).collect();
                let mut hashes = vec![RunningHash::default(); messages.len()];
                hashes[0].take(&messages[0][..begun]);
                let all = hashes.iter_mut().zip(&messages);
                RunningHash::take_together(all.map(|(hash, message)| {
                    let begun = hash.position() as usize;
                    (hash, &message[begun..])
                }));
                for (hash, message) in hashes.into_iter().zip(&messages) {
                    assert_eq!(hash.finish(), expected(message), "{count} {begun}");
                }
            }
        }
    }
}
