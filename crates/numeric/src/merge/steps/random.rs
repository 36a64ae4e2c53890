//! Dropping elements at random. The number that decides over an element depends on seed, model, tensor and position alone.

use super::super::chunk::Tile;
use super::super::program::Survivors;
use super::super::real::MergeReal;
use crate::kernels::simd::simd;
use crate::random::{Stream, WORDS};

simd! {
    fn keep<T: MergeReal>(row: &mut [T], words: &[u32], below: u32) {
        for (x, word) in row.iter_mut().zip(words) {
            *x = if *word < below { *x } else { T::default() };
        }
    }
}

simd! {
    fn keep_and_divide<T: MergeReal>(row: &mut [T], words: &[u32], below: u32, divisor: T) {
        for (x, word) in row.iter_mut().zip(words) {
            *x = if *word < below { *x / divisor } else { T::default() };
        }
    }
}

/// Keeps each element with its model's density as probability.
pub fn keep_at_random<T: MergeReal>(
    tile: &mut Tile<T>,
    densities: &[f64],
    survivors: Survivors,
    streams: &[Stream],
) {
    let mut words = vec![0; tile.length];
    let start = tile.start as u64;
    let rows = tile.active_mut().iter_mut();
    for ((row, density), stream) in rows.zip(densities).zip(streams) {
        if *density >= 1.0 {
            continue;
        }
        stream.words(start, &mut words);
        let divisor = T::from_f64(survivors.divisor(*density));
        let below = (density * WORDS) as u32;
        if divisor == T::from_f64(1.0) {
            keep(row, &words, below);
        } else {
            keep_and_divide(row, &words, below, divisor);
        }
    }
}
