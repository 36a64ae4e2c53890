//! The largest magnitudes of a tensor, exactly, without sorting it.

mod apply;
mod bracket;
mod radix;
mod rows;
mod ties;

use super::real::MergeReal;
use crate::{Result, Task};

pub use apply::Cut;
pub use rows::Rows;

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
