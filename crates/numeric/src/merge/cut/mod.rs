//! The largest magnitudes of a tensor, exactly, without sorting it.

mod apply;
mod bracket;
mod radix;
mod ties;

use std::ops::Range;

use super::chunk::Layout;
use super::real::MergeReal;
use crate::{Result, Task};

/// Values to be searched: several rows as long as the tensor.
pub trait Rows<T>: Sync {
    /// How the tensor is cut.
    fn layout(&self) -> Layout;
    /// Calls `visit` with the number of a row, the position of the first value, and values, for all values of some tiles in order.
    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()>;
}

/// The largest magnitudes of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All.
    All,
    /// None.
    None,
    /// Those above the threshold, and those equal to it before a position.
    At {
        /// Magnitude bits.
        threshold: u64,
        /// Position in the tensor.
        ties_before: u64,
    },
}

/// Finds the cuts that leave each row `counts` elements; among equal magnitudes the earlier are larger. One pass where a sample tells
/// about where the cuts are, a few where it does not.
pub fn find_cuts<T: MergeReal>(
    counts: &[u64],
    elements: u64,
    rows: &impl Rows<T>,
    task: &Task,
) -> Result<Vec<Cut>> {
    let wanted: Vec<Option<u64>> = counts
        .iter()
        .map(|count| Some(*count).filter(|count| *count > 0 && *count < elements))
        .collect();
    let mut found = vec![None; counts.len()];
    if wanted.iter().any(Option::is_some) {
        found = bracket::search(&wanted, rows, task)?;
    }
    let missed = wanted.iter().zip(&found);
    let missed: Vec<Option<u64>> = missed
        .map(|(count, found)| count.filter(|_| found.is_none()))
        .collect();
    if missed.iter().any(Option::is_some) {
        let exact = radix::search(&missed, rows, task)?;
        found = found.into_iter().zip(exact).map(|(a, b)| a.or(b)).collect();
    }
    let cut = |(found, count): (Option<Cut>, &u64)| match found {
        Some(cut) => cut,
        None if *count == 0 => Cut::None,
        None => Cut::All,
    };
    Ok(found.into_iter().zip(counts).map(cut).collect())
}

#[cfg(test)]
mod tests;
