//! Elements of a model or of the base, by a mask.

use super::super::chunk::Tile;
use super::super::real::MergeReal;

/// The first row where the second is not zero, the base elsewhere: bits as they are.
pub fn apply<T: MergeReal>(tile: &mut Tile<T>) {
    let Tile {
        models, base, rows, ..
    } = tile;
    if let [values, mask, ..] = &mut models[..] {
        for ((value, taken), base) in values.iter_mut().zip(mask).zip(base) {
            *value = if *taken == T::default() {
                *base
            } else {
                *value
            };
        }
    }
    *rows = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_selects_bits() {
        let mut tile = Tile {
            length: 4,
            rows: 2,
            models: vec![vec![1.5f32, -0.0, 3.0, 4.0], vec![1.0, 1.0, 0.0, 0.0]],
            base: vec![9.0, 8.0, -0.0, 7.0],
            ..Tile::default()
        };
        apply(&mut tile);
        let bits: Vec<u32> = tile.models[0].iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [1.5f32, -0.0, -0.0, 7.0].map(f32::to_bits));
        assert_eq!(tile.rows, 1);
    }
}
