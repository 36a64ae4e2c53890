//! Steps by masks: a statistic of each model that says which elements are taken.

use super::super::chunk::Tile;
use super::super::real::MergeReal;

/// Each row where its mask is set, zero elsewhere.
pub fn apply<T: MergeReal>(tile: &mut Tile<T>) {
    let rows = tile.models[..tile.rows].iter_mut();
    for (row, mask) in rows.zip(&tile.statistics) {
        for (x, set) in row.iter_mut().zip(mask) {
            *x = if *set == T::default() {
                T::default()
            } else {
                *x
            };
        }
    }
}

/// The only row where its mask is set, the base elsewhere: bits as they are.
pub fn select<T: MergeReal>(tile: &mut Tile<T>) {
    let rows = tile.models[..tile.rows].iter_mut();
    for (row, mask) in rows.zip(&tile.statistics) {
        for ((x, set), base) in row.iter_mut().zip(mask).zip(&tile.base) {
            *x = if *set == T::default() { *base } else { *x };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_selects_bits() {
        let mut tile = Tile {
            length: 4,
            rows: 1,
            models: vec![vec![1.5f32, -0.0, 3.0, 4.0]],
            statistics: vec![vec![1.0, 1.0, 0.0, 0.0]],
            base: vec![9.0, 8.0, -0.0, 7.0],
            ..Tile::default()
        };
        select(&mut tile);
        let bits: Vec<u32> = tile.models[0].iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [1.5f32, -0.0, -0.0, 7.0].map(f32::to_bits));
        apply(&mut tile);
        assert_eq!(tile.models[0], [1.5, -0.0, 0.0, 0.0]);
    }
}
