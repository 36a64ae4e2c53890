//! Tiles for any processor, left to the compiler. Where the target has fused multiply-add, as 64-bit ARM has, the bits are the same.

use super::isa::{Isa, Strided, Target, pack_plain};

/// No instruction set in particular.
pub struct Plain;

#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, sum)
    } else {
        // Without the instruction a fused one is a call of a function.
        a * b + sum
    }
}

impl Isa for Plain {
    const ROWS: usize = 4;
    const COLUMNS: usize = 16;

    unsafe fn tile(
        rows: usize,
        columns: usize,
        depth: usize,
        a: *const f32,
        b: *const f32,
        target: Target,
    ) {
        let a = Strided {
            data: a,
            outer: 1,
            depth: rows,
        };
        // SAFETY: the caller's promise.
        unsafe { Self::tile_in_place(rows, columns, depth, a, (b, Self::COLUMNS), target) }
    }

    unsafe fn tile_in_place(
        rows: usize,
        columns: usize,
        depth: usize,
        a: Strided,
        (b, b_row): (*const f32, usize),
        target: Target,
    ) {
        let mut sums = [[0.0f32; Self::COLUMNS]; Self::ROWS];
        for k in 0..depth {
            for (i, sums) in sums.iter_mut().enumerate().take(rows) {
                // SAFETY: the caller's promise.
                let (left, right) = unsafe {
                    let left = *a.data.add(i * a.outer + k * a.depth);
                    (left, std::slice::from_raw_parts(b.add(k * b_row), columns))
                };
                for (sum, &right) in sums.iter_mut().zip(right) {
                    *sum = multiply_add(left, right, *sum);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate().take(rows) {
            // SAFETY: the caller's promise.
            let row =
                unsafe { std::slice::from_raw_parts_mut(target.data.add(i * target.row), columns) };
            for (c, &sum) in row.iter_mut().zip(sums) {
                let product = sum * target.scale;
                *c = if target.add { *c + product } else { product };
            }
        }
    }

    unsafe fn pack(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { pack_plain(from, count, depth, width, panel) }
    }
}
