//! The parts of a tensor: chunks are read, written and summed; tiles, parts of a chunk, run through the steps.

use std::ops::Range;

use crate::{Error, Reason, Result};

/// Elements of a chunk. Part of the definition of results: sums are taken chunk by chunk.
pub const CHUNK: usize = 1 << 16;

/// Elements of a tile: a few rows of them stay in the caches that belong to one core.
pub const TILE: usize = 1 << 12;

/// Longest row of a program that needs whole rows, and most columns of one that has a sum for each; bounds the memory.
const LONGEST_ROW: usize = 1 << 22;

/// How a tensor is cut into chunks and these into tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Elements of the tensor.
    pub elements: usize,
    /// Size of the last dimension; a vector is one row.
    pub row: usize,
    /// Number of vectors along the first dimension: the columns of a matrix.
    pub columns: usize,
    tile: usize,
    chunk: usize,
}

impl Layout {
    /// Of a tensor of that shape; with `whole_rows` no row is in two tiles.
    pub fn new(shape: &[u64], elements: usize, whole_rows: bool) -> Result<Self> {
        let row = shape.last().map_or(1, |size| *size as usize).max(1);
        let first = shape.first().map_or(1, |size| *size as usize).max(1);
        let tile = if whole_rows {
            row * (TILE / row).max(1)
        } else {
            TILE
        };
        if tile > LONGEST_ROW {
            return Err(Error::new(
                Reason::LimitExceeded,
                format!("rows of {row} elements are longer than {LONGEST_ROW}"),
            ));
        }
        Ok(Self {
            elements,
            row,
            columns: elements / first,
            tile,
            chunk: tile * (CHUNK / tile).max(1),
        })
    }

    /// Refuses a tensor of more columns than sums are kept of.
    pub fn check_columns(&self) -> Result<()> {
        if self.columns > LONGEST_ROW {
            return Err(Error::new(
                Reason::LimitExceeded,
                format!("{} columns are more than {LONGEST_ROW}", self.columns),
            ));
        }
        Ok(())
    }

    /// Rows of a chunk, at the most; for programs that need whole rows.
    pub fn rows_of_chunk(&self) -> usize {
        self.chunk / self.row
    }

    /// Number of chunks.
    pub fn chunks(&self) -> usize {
        self.elements.div_ceil(self.chunk)
    }

    /// Elements of chunk `index`.
    pub fn range(&self, index: usize) -> Range<usize> {
        index * self.chunk..((index + 1) * self.chunk).min(self.elements)
    }

    /// Number of tiles.
    pub fn tile_count(&self) -> usize {
        self.elements.div_ceil(self.tile)
    }

    /// Elements of tile `index`.
    pub fn tile_range(&self, index: usize) -> Range<usize> {
        index * self.tile..((index + 1) * self.tile).min(self.elements)
    }

    /// A vector in chunks of one tile of that size.
    pub fn of_size(elements: usize, tile: usize) -> Self {
        Self {
            elements,
            row: elements,
            columns: 1,
            tile,
            chunk: tile,
        }
    }

    /// The tiles of a chunk.
    pub fn tiles(&self, chunk: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (tile, end) = (self.tile, chunk.end);
        chunk
            .step_by(tile)
            .map(move |start| start..(start + tile).min(end))
    }
}

/// One tile of every model and of the base. Buffers are reused from tile to tile.
#[derive(Debug, Default)]
pub struct Tile<T> {
    /// Position of the first element in the tensor.
    pub start: usize,
    /// Number of elements.
    pub length: usize,
    /// Rows that are in use: one for each model, one in all after the models have been combined.
    pub rows: usize,
    /// The rows.
    pub models: Vec<Vec<T>>,
    /// The base, if there is one.
    pub base: Vec<T>,
    /// What was measured for each model, if a step needs it element by element.
    pub statistics: Vec<Vec<T>>,
    /// Working memory.
    pub sum: Vec<T>,
}

impl<T: Copy + Default> Tile<T> {
    /// The rows in use.
    pub fn active(&self) -> &[Vec<T>] {
        &self.models[..self.rows]
    }

    /// The rows in use.
    pub fn active_mut(&mut self) -> &mut [Vec<T>] {
        &mut self.models[..self.rows]
    }

    /// Makes `sum` the only row.
    pub fn replace_by_sum(&mut self) {
        std::mem::swap(&mut self.models[0], &mut self.sum);
        self.rows = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_a_tensor_once_and_in_order() {
        for (shape, whole_rows) in [
            (vec![70_001], false),
            (vec![300, 777], true),
            (vec![3, 70_001], true),
            (vec![2, 5, 16], true),
            (vec![], false),
        ] {
            let elements = shape.iter().product::<u64>() as usize;
            let layout = Layout::new(&shape, elements, whole_rows).unwrap();
            let mut next = 0;
            for tile in (0..layout.chunks()).flat_map(|index| layout.tiles(layout.range(index))) {
                assert_eq!(tile.start, next);
                assert!(!whole_rows || tile.len() % layout.row == 0);
                next = tile.end;
            }
            assert_eq!(next, elements);
        }
    }

    #[test]
    fn rows_that_would_not_fit_in_memory_are_refused() {
        let error = Layout::new(&[1 << 23], 1 << 23, true).unwrap_err();
        assert_eq!(error.reason, Reason::LimitExceeded);
        assert!(Layout::new(&[1 << 23], 1 << 23, false).is_ok());
        let columns = |shape: &[u64]| Layout::new(shape, 1 << 23, false).unwrap().check_columns();
        assert_eq!(
            columns(&[1, 1 << 23]).unwrap_err().reason,
            Reason::LimitExceeded
        );
        assert!(columns(&[1 << 23]).is_ok());
        assert!(columns(&[2, 1 << 22]).is_ok());
    }
}
