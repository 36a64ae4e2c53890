//! Which bytes of a file have been written, in whatever order.

use std::collections::BTreeMap;

/// How far a file has been written without a gap, and the parts beyond.
#[derive(Debug, Default)]
pub struct Written {
    end: u64,
    /// Starts and ends.
    beyond: BTreeMap<u64, u64>,
}

impl Written {
    /// Bytes from the beginning of the file without a gap.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Counts a part as written.
    pub fn add(&mut self, start: u64, length: u64) {
        let known = self.beyond.entry(start).or_insert(start);
        *known = (*known).max(start + length);
        while let Some(first) = self.beyond.first_entry()
            && *first.key() <= self.end
        {
            self.end = self.end.max(first.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_for_the_gap() {
        let mut written = Written::default();
        for (start, length, end) in [
            (4, 4, 0),
            (10, 0, 0),
            (8, 1, 0),
            (0, 4, 9),
            (9, 3, 12),
            (2, 1, 12),
        ] {
            written.add(start, length);
            assert_eq!(written.end(), end);
        }
    }
}
