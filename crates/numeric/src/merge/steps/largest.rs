//! Keeping or dropping the largest elements.

use super::super::chunk::Tile;
use super::super::cut::Cut;
use super::super::real::MergeReal;
use super::consensus::variance;

/// Sets all but the largest of each row to zero.
pub fn keep<T: MergeReal>(tile: &mut Tile<T>, cuts: &[Cut]) {
    let start = tile.start;
    for (row, cut) in tile.active_mut().iter_mut().zip(cuts) {
        cut.keep(start, row);
    }
}

/// Sets the largest of each row to zero.
pub fn drop<T: MergeReal>(tile: &mut Tile<T>, cuts: &[Cut]) {
    let start = tile.start;
    for (row, cut) in tile.active_mut().iter_mut().zip(cuts) {
        cut.drop(start, row);
    }
}

/// Sets to zero, in all rows, all but the elements whose variance over the rows is largest.
pub fn keep_most_varied<T: MergeReal>(tile: &mut Tile<T>, cut: Cut) {
    let mut variances = std::mem::take(&mut tile.sum);
    variance(tile, &mut variances);
    tile.sum = variances;
    let Tile {
        models,
        sum,
        rows,
        start,
        ..
    } = tile;
    models[..*rows]
        .iter_mut()
        .for_each(|row| cut.keep_where(*start, row, sum));
}
