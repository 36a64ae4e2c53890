//! What is done to each row by itself.

use super::super::chunk::Tile;
use super::super::real::MergeReal;
use super::super::vector;

/// x ← x − base; nothing without a base.
pub fn subtract_base<T: MergeReal>(tile: &mut Tile<T>) {
    let Tile {
        models, base, rows, ..
    } = tile;
    if !base.is_empty() {
        models[..*rows]
            .iter_mut()
            .for_each(|row| vector::subtract(row, base));
    }
}

/// x ← x + base; nothing without a base.
pub fn add_base<T: MergeReal>(tile: &mut Tile<T>) {
    let Tile {
        models, base, rows, ..
    } = tile;
    if !base.is_empty() {
        models[..*rows]
            .iter_mut()
            .for_each(|row| vector::add(row, base));
    }
}

/// Sets to zero what is no larger than the threshold.
pub fn keep_above<T: MergeReal>(tile: &mut Tile<T>, threshold: f64) {
    let threshold = T::from_f64(threshold);
    tile.active_mut()
        .iter_mut()
        .for_each(|row| vector::keep_above(row, threshold));
}

/// x ← x / |x| · limit where |x| exceeds the limit.
pub fn clip<T: MergeReal>(tile: &mut Tile<T>, limit: f64, smallest: f64) {
    let (limit, smallest) = (T::from_f64(limit), T::from_f64(smallest));
    tile.active_mut()
        .iter_mut()
        .for_each(|row| vector::clip(row, limit, smallest));
}

/// x ← factor · x, a factor for each row.
pub fn weigh<T: MergeReal>(tile: &mut Tile<T>, factors: &[f64]) {
    for (row, factor) in tile.active_mut().iter_mut().zip(factors) {
        vector::multiply(row, T::from_f64(*factor));
    }
}

/// As `weigh`; rows whose factor is one stay as they are.
pub fn match_norms<T: MergeReal>(tile: &mut Tile<T>, factors: &[f64]) {
    for (row, factor) in tile.active_mut().iter_mut().zip(factors) {
        if *factor != 1.0 {
            vector::multiply(row, T::from_f64(*factor));
        }
    }
}

/// x ← factor · x.
pub fn scale<T: MergeReal>(tile: &mut Tile<T>, factor: f64) {
    let factor = T::from_f64(factor);
    tile.active_mut()
        .iter_mut()
        .for_each(|row| vector::multiply(row, factor));
}
