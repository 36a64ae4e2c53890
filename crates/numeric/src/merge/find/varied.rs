//! Which elements vary most over the models: the selection of SCE. Wan et al. 2024, arXiv:2408.07990.

use std::ops::Range;

use super::super::chunk::{Layout, Tile};
use super::super::cut::{Cut, Rows, find_cuts};
use super::super::pass::Pass;
use super::super::program::CountIn;
use super::super::source::Folding;
use super::super::steps::variance;
use super::super::vector::count_present;
use crate::{Result, Task};

/// The variances of a chunk as one row.
struct Variances<'a, T> {
    pass: &'a Pass<'a, T>,
    position: usize,
}

impl<T: Folding> Rows<T> for Variances<'_, T> {
    fn layout(&self) -> Layout {
        self.pass.layout()
    }

    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()> {
        let mut variances = Vec::new();
        self.pass
            .tiles(elements, &[self.position], &mut |_, tile: &Tile<T>| {
                variance(tile, &mut variances);
                visit(0, tile.start, &variances);
            })
    }
}

/// The cut that leaves the given share of the elements that vary at all.
pub fn most_varied<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    share: f64,
    count_in: CountIn,
    task: &Task,
) -> Result<Cut> {
    if share >= 1.0 {
        return Ok(Cut::All);
    }
    let mut varied = 0u64;
    pass.reduce(
        &[position],
        size_of::<u64>(),
        || 0,
        |count, _, tile| {
            let mut variances = Vec::new();
            variance(tile, &mut variances);
            *count += count_present(&variances);
        },
        |count| varied += count,
    )?;
    let count = match count_in {
        CountIn::F32 => (varied as f32 * share as f32) as u64,
        CountIn::F64 => (varied as f64 * share) as u64,
    };
    let rows = Variances { pass, position };
    let cuts = find_cuts(&[count], pass.layout().elements as u64, &rows, task)?;
    Ok(cuts.into_iter().next().unwrap_or(Cut::All))
}
