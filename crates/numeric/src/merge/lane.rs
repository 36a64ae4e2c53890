//! The bytes of one file on their way into its digest. Parts come in about the order in which they stand in the file, and wait for
//! those before them.

use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a file that are taken out of its lane together.
#[derive(Debug, PartialEq, Eq)]
pub enum Stretch {
    /// Parts, one after the other.
    Parts(Vec<Vec<u8>>),
    /// To be read from the file.
    Stored(Range<u64>),
}

/// What has come of one file and has not been taken out.
#[derive(Debug, Default)]
pub struct Lane {
    /// Everything before it has been taken out.
    position: u64,
    /// End of the parts that follow from there without a gap.
    end: u64,
    /// By their start.
    parts: BTreeMap<u64, Vec<u8>>,
    /// Bytes of all parts.
    bytes: usize,
    /// What lies before it and is not among the parts can be read from the file.
    stored: u64,
}

impl Lane {
    /// A lane whose file has been taken out up to a position.
    pub fn new(position: u64) -> Self {
        Self {
            position,
            end: position,
            ..Self::default()
        }
    }

    /// Adds a part. What is already there or was taken out comes back.
    pub fn add(&mut self, start: u64, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if start < self.end || bytes.is_empty() || self.parts.contains_key(&start) {
            return Some(bytes);
        }
        self.bytes += bytes.len();
        self.parts.insert(start, bytes);
        self.extend();
        None
    }

    fn extend(&mut self) {
        while let Some(part) = self.parts.get(&self.end) {
            self.end += part.len() as u64;
        }
    }

    /// Everything before the position can be read from the file, once the parts there are through.
    pub fn store(&mut self, end: u64) {
        self.stored = self.stored.max(end);
    }

    /// Bytes that can be taken out now, one stretch after the other; at least those of the next two.
    pub fn ready(&self) -> u64 {
        if self.end > self.position {
            return self.end - self.position;
        }
        match self.parts.first_key_value() {
            Some((start, part)) if *start <= self.stored => {
                start + part.len() as u64 - self.position
            }
            _ => self.stored.saturating_sub(self.position),
        }
    }

    /// End of what comes from the file before the next part.
    fn stored_end(&self) -> u64 {
        let next = self.parts.first_key_value().map(|(start, _)| *start);
        let end = next.map_or(self.stored, |next| next.min(self.stored));
        end.max(self.position)
    }

    /// Takes out about as many bytes, at least one part, of those that are ready.
    pub fn take(&mut self, bytes: u64) -> Stretch {
        let start = self.position;
        if self.end == self.position {
            self.position = self.stored_end().min(start + bytes);
            self.end = self.position;
            self.extend();
            return Stretch::Stored(start..self.position);
        }
        let mut parts = Vec::new();
        while self.position < self.end && self.position - start < bytes {
            let Some(part) = self.parts.remove(&self.position) else {
                break;
            };
            self.position += part.len() as u64;
            self.bytes -= part.len();
            parts.push(part);
        }
        // One that began within another: its end was read from there, or comes from the file.
        while let Some(part) = self.parts.first_entry()
            && *part.key() < self.position
        {
            self.bytes -= part.remove().len();
        }
        Stretch::Parts(parts)
    }

    /// Everything before it has been taken out.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Bytes that wait in memory.
    pub fn waiting(&self) -> usize {
        self.bytes
    }

    /// Takes out the parts beyond a gap.
    pub fn take_beyond(&mut self) -> Vec<Vec<u8>> {
        let beyond: Vec<_> = self.parts.split_off(&self.end).into_values().collect();
        self.bytes -= beyond.iter().map(Vec::len).sum::<usize>();
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(length: usize) -> Vec<u8> {
        vec![length as u8; length]
    }

    #[test]
    fn parts_wait_for_those_before_them() {
        let mut lane = Lane::new(10);
        assert_eq!(lane.add(15, part(3)), None);
        assert_eq!(lane.ready(), 0);
        assert_eq!(lane.add(10, part(5)), None);
        assert_eq!(lane.ready(), 8);
        assert_eq!(lane.take(1), Stretch::Parts(vec![part(5)]));
        assert_eq!(lane.add(18, part(2)), None);
        assert_eq!(lane.ready(), 5);
        assert_eq!(lane.take(9), Stretch::Parts(vec![part(3), part(2)]));
        assert_eq!(lane.ready(), 0);
    }

    #[test]
    fn what_is_there_or_through_comes_back() {
        let mut lane = Lane::new(0);
        assert_eq!(lane.add(0, part(4)), None);
        assert_eq!(lane.add(0, part(4)), Some(part(4)));
        assert_eq!(lane.add(2, part(4)), Some(part(4)));
        assert_eq!(lane.add(8, part(4)), None);
        assert_eq!(lane.add(8, part(4)), Some(part(4)));
        assert_eq!(lane.add(4, vec![]), Some(vec![]));
        lane.take(4);
        assert_eq!(lane.add(0, part(4)), Some(part(4)));
    }

    #[test]
    fn a_gap_is_read_from_the_file_up_to_the_next_part() {
        let mut lane = Lane::new(0);
        lane.add(100, part(5));
        assert_eq!(lane.ready(), 0);
        lane.store(99);
        assert_eq!(lane.ready(), 99);
        lane.store(103);
        assert_eq!(lane.ready(), 105);
        assert_eq!(lane.take(60), Stretch::Stored(0..60));
        assert_eq!(lane.ready(), 45);
        assert_eq!(lane.take(60), Stretch::Stored(60..100));
        assert_eq!(lane.take(60), Stretch::Parts(vec![part(5)]));
        assert_eq!(lane.ready(), 0);
        lane.store(110);
        assert_eq!(lane.take(60), Stretch::Stored(105..110));
    }

    #[test]
    fn a_part_that_overlaps_another_holds_nothing_up() {
        let mut lane = Lane::new(0);
        lane.add(2, part(4));
        lane.add(0, part(3));
        assert_eq!(lane.take(9), Stretch::Parts(vec![part(3)]));
        assert_eq!(lane.ready(), 0);
        lane.store(7);
        assert_eq!(lane.take(9), Stretch::Stored(3..7));
        assert_eq!(lane.waiting(), 0);
    }

    #[test]
    fn parts_beyond_a_gap_can_be_let_go() {
        let mut lane = Lane::new(0);
        lane.add(0, part(2));
        lane.add(5, part(3));
        lane.add(9, part(1));
        assert_eq!(lane.waiting(), 6);
        assert_eq!(lane.take_beyond(), [part(3), part(1)]);
        assert_eq!(lane.waiting(), 2);
        assert_eq!(lane.ready(), 2);
        lane.store(10);
        assert_eq!(lane.take(9), Stretch::Parts(vec![part(2)]));
        assert_eq!(lane.take(9), Stretch::Stored(2..10));
    }
}
