//! Fastfood: a random matrix of D rows and d columns whose product costs O(D log d) and which holds 8 bytes a row.
//!
//! Le, Sarlós, Smola: Fastfood: approximating kernel expansions in loglinear time. ICML 2013, section 3. The rows are stacked blocks
//! H·G·Π·H·B of n = 2^⌈log₂ d⌉ rows: B has ±1 and G normal numbers on the diagonal, Π permutes, H is Hadamard's matrix. Every block is
//! scaled so that the columns of whole blocks have the norm that makes those of the matrix 1.

use rayon::prelude::*;

use super::hadamard::hadamard;
use crate::checkpoint::read::allocate;
use crate::random::Stream;
use crate::{Error, Reason, Result, Task};

/// Streams of the seed.
const SIGNS: u64 = 0xFA57_0001;
const PERMUTATIONS: u64 = 0xFA57_0002;
const NORMALS: u64 = 0xFA57_0003;

/// In a packed element of B and Π: −1.
pub(super) const NEGATIVE: u32 = 1 << 31;
/// Largest n: what a packed element has bits for, far beyond any use.
const MAX_WIDTH: usize = 1 << 26;

/// Rows whose products are added up in one place, and blocks at the least: sums do not depend on the number of threads, and what is added
/// takes an eighth of a block's memory for each block.
const GROUP_ROWS: usize = 1 << 16;
const GROUP_BLOCKS: usize = 8;

/// The matrix P, D × d.
#[derive(Debug)]
pub struct Fastfood {
    columns: usize,
    rows: usize,
    /// n.
    pub(super) width: usize,
    /// Π and, in the highest bit, B, of each block.
    places: Vec<u32>,
    /// G of each block, scaled.
    normals: Vec<f32>,
}

impl Fastfood {
    /// Draws the matrix: a function of the seed and the sizes. Errors: `OutOfRange`, `LimitExceeded`, `Cancelled`.
    pub fn draw(seed: u64, columns: usize, rows: usize, task: &Task) -> Result<Self> {
        let width = columns.next_power_of_two();
        if columns == 0 || rows == 0 || width > MAX_WIDTH {
            let detail = format!("a projection from {columns} to {rows} dimensions");
            return Err(Error::new(Reason::OutOfRange, detail));
        }
        let blocks = rows.div_ceil(width);
        let mut places = allocate::<u32>((blocks * width) as u64)?;
        let mut normals = allocate::<f32>((blocks * width) as u64)?;
        places
            .par_chunks_mut(width)
            .zip(normals.par_chunks_mut(width))
            .enumerate()
            .try_for_each_init(
                Vec::new,
                |words, (block, (places, normals))| -> Result<()> {
                    task.check()?;
                    draw_block(seed, block, rows, places, normals, words);
                    Ok(())
                },
            )?;
        Ok(Self {
            columns,
            rows,
            width,
            places,
            normals,
        })
    }

    /// P·x, D numbers from d. Errors: `ShapeMismatch`, `LimitExceeded`, `Cancelled`.
    pub fn project(&self, x: &[f32], task: &Task) -> Result<Vec<f32>> {
        check_length(x.len(), self.columns)?;
        let mut out = allocate::<f32>(self.rows as u64)?;
        out.par_chunks_mut(self.width)
            .enumerate()
            .try_for_each_init(
                || (vec![0.0; self.width], vec![0.0; self.width]),
                |(spread, mixed), (block, out)| -> Result<()> {
                    task.check()?;
                    let (places, normals) = self.block(block);
                    spread[self.columns..].fill(0.0);
                    for ((to, value), place) in spread.iter_mut().zip(x).zip(places) {
                        *to = signed(*value, *place);
                    }
                    hadamard(spread);
                    for ((to, place), g) in mixed.iter_mut().zip(places).zip(normals) {
                        *to = g * spread[(place & !NEGATIVE) as usize];
                    }
                    hadamard(mixed);
                    out.copy_from_slice(&mixed[..out.len()]);
                    Ok(())
                },
            )?;
        Ok(out)
    }

    /// Pᵀ·y, d numbers from D; blocks are added in f64 in a fixed order. Errors: as for `project`.
    pub fn transpose(&self, y: &[f32], task: &Task) -> Result<Vec<f32>> {
        check_length(y.len(), self.rows)?;
        let blocks = (GROUP_ROWS / self.width).max(GROUP_BLOCKS);
        let sums: Vec<Vec<f64>> = y
            .par_chunks(blocks * self.width)
            .enumerate()
            .map(|(group, part)| self.transpose_group(group * blocks, part, task))
            .collect::<Result<_>>()?;
        let mut total = vec![0.0f64; self.columns];
        for sum in &sums {
            for (to, value) in total.iter_mut().zip(sum) {
                *to += value;
            }
        }
        Ok(total.into_iter().map(|value| value as f32).collect())
    }

    /// What blocks `first ..` make of their part of y.
    fn transpose_group(&self, first: usize, part: &[f32], task: &Task) -> Result<Vec<f64>> {
        let mut sum = vec![0.0f64; self.columns];
        let (mut mixed, mut spread) = (vec![0.0f32; self.width], vec![0.0f32; self.width]);
        for (index, rows) in part.chunks(self.width).enumerate() {
            task.check()?;
            let (places, normals) = self.block(first + index);
            mixed[..rows.len()].copy_from_slice(rows);
            mixed[rows.len()..].fill(0.0);
            hadamard(&mut mixed);
            for ((value, place), g) in mixed.iter().zip(places).zip(normals) {
                spread[(place & !NEGATIVE) as usize] = g * value;
            }
            hadamard(&mut spread);
            for ((to, value), place) in sum.iter_mut().zip(&spread).zip(places) {
                *to += f64::from(signed(*value, *place));
            }
        }
        Ok(sum)
    }

    /// B and Π, and G, of a block.
    pub(super) fn block(&self, block: usize) -> (&[u32], &[f32]) {
        let part = block * self.width..(block + 1) * self.width;
        (&self.places[part.clone()], &self.normals[part])
    }
}

/// Π and B, and G over √(D·ΣG²), of one block.
fn draw_block(
    seed: u64,
    block: usize,
    rows: usize,
    places: &mut [u32],
    normals: &mut [f32],
    words: &mut Vec<u32>,
) {
    let width = places.len();
    let offset = (block * width) as u64;
    words.resize(width, 0);
    for (index, place) in places.iter_mut().enumerate() {
        *place = index as u32;
    }
    Stream {
        seed,
        stream: PERMUTATIONS,
    }
    .words(offset, words);
    for last in (1..width).rev() {
        // Fisher and Yates: a place from 0 to `last`.
        let other = (u64::from(words[last]) * (last as u64 + 1)) >> 32;
        places.swap(last, other as usize);
    }
    Stream {
        seed,
        stream: SIGNS,
    }
    .words(offset, words);
    for (place, word) in places.iter_mut().zip(words.iter()) {
        *place |= word & NEGATIVE;
    }
    Stream {
        seed,
        stream: NORMALS,
    }
    .normal(offset, normals);
    let squares: f64 = normals.iter().map(|g| f64::from(*g).powi(2)).sum();
    let scale = 1.0 / (rows as f64 * squares).sqrt();
    for g in normals {
        *g = (f64::from(*g) * scale) as f32;
    }
}

fn signed(value: f32, place: u32) -> f32 {
    f32::from_bits(value.to_bits() ^ (place & NEGATIVE))
}

fn check_length(found: usize, wanted: usize) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    let detail = format!("{found} numbers, and the projection takes {wanted}");
    Err(Error::new(Reason::ShapeMismatch, detail))
}
