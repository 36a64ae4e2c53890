//! Where the elements that equal a threshold stop belonging to the largest.

use super::rows::Rows;
use crate::merge::real::MergeReal;
use crate::{Error, Reason, Result};

/// Two passes over the same values did not see the same.
pub fn changed() -> Error {
    Error::new(Reason::OutOfRange, "the values changed between two passes")
}

/// The position after the `left`-th element of a row that equals the threshold; `counts` are those that do, by chunk.
pub fn end_of_tie<T: MergeReal>(
    row: usize,
    threshold: T::Bits,
    mut left: u64,
    counts: impl Iterator<Item = u64>,
    rows: &impl Rows<T>,
) -> Result<u64> {
    for (chunk, equal) in counts.enumerate() {
        if equal < left {
            left -= equal;
            continue;
        }
        let mut end = None;
        rows.visit(rows.layout().range(chunk), &mut |visited, start, values| {
            let equal = values
                .iter()
                .enumerate()
                .filter(|(_, x)| x.magnitude() == threshold);
            for (at, _) in equal.take(if visited == row { usize::MAX } else { 0 }) {
                left = left.saturating_sub(1);
                if left == 0 {
                    end = end.or(Some((start + at + 1) as u64));
                }
            }
        })?;
        return end.ok_or_else(changed);
    }
    Err(changed())
}
