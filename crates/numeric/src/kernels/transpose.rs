//! Permutation of axes.

use super::split::{self, Shared};

/// Side of the tiles that a transposition of the last axis is done in.
const TILE: usize = 32;

/// out[i…] = x[…] with axis j of out being axis permutation[j] of x.
pub fn transpose(x: &[f32], shape: &[u32], permutation: &[u32], out: &mut [f32]) {
    assert!(x.len() == out.len() && shape.len() == permutation.len());
    if x.is_empty() {
        return;
    }
    let mut strides = vec![1usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as usize;
    }
    // (size, stride in x) of each axis of out, neighbours that stay together merged.
    let mut axes: Vec<(usize, usize)> = Vec::new();
    for &axis in permutation {
        let (size, stride) = (shape[axis as usize] as usize, strides[axis as usize]);
        match axes.last_mut() {
            _ if size == 1 => {}
            Some(last) if last.1 == size * stride => *last = (last.0 * size, stride),
            _ => axes.push((size, stride)),
        }
    }
    match axes.len() {
        0 => out.copy_from_slice(x),
        1 => out.copy_from_slice(x),
        _ => permute(x, &axes, out),
    }
}

fn offset(axes: &[(usize, usize)], mut index: usize) -> usize {
    let mut at = 0;
    for &(size, stride) in axes.iter().rev() {
        at += index % size * stride;
        index /= size;
    }
    at
}

fn permute(x: &[f32], axes: &[(usize, usize)], out: &mut [f32]) {
    let (&(width, step), outer) = axes.split_last().expect("two axes or more");
    if step == 1 {
        split::rows(out, width, |start, part| {
            for (i, row) in part.chunks_exact_mut(width).enumerate() {
                row.copy_from_slice(&x[offset(outer, start + i)..][..width]);
            }
        });
        return;
    }
    // Matrices of the last two axes of out, in tiles, so that both sides stay in cache.
    let (&(height, down), batch) = outer.split_last().expect("two axes or more");
    let bands = height.div_ceil(TILE);
    let count = out.len() / (height * width);
    let shared = Shared(out.as_mut_ptr());
    split::each(count * bands, TILE * width, |part| {
        let (matrix, band) = (part / bands, part % bands);
        let from = offset(batch, matrix);
        let rows = band * TILE..height.min((band + 1) * TILE);
        for left in (0..width).step_by(TILE) {
            for row in rows.clone() {
                for column in left..width.min(left + TILE) {
                    let value = x[from + row * down + column * step];
                    // SAFETY: inside out, and each part has its own rows.
                    unsafe { *shared.at((matrix * height + row) * width + column) = value };
                }
            }
        }
    });
}
