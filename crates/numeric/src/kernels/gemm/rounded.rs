//! Products of bfloat16 numbers on processors without instructions for them: panels hold the rounded numbers as f32.

use std::marker::PhantomData;

use super::super::simd::simd;
use super::isa::{Isa, Strided, Target};
use crate::checkpoint::convert::bf16_bits;

/// The instructions `I` on rounded numbers.
pub struct Rounded<I>(PhantomData<I>);

/// To the nearest bfloat16.
#[inline(always)]
pub fn round(x: f32) -> f32 {
    f32::from_bits(u32::from(bf16_bits(x)) << 16)
}

simd! {
    fn round_all(panel: &mut [f32]) {
        for x in panel {
            *x = round(*x);
        }
    }
}

impl<I: Isa> Isa for Rounded<I> {
    const ROWS: usize = I::ROWS;
    const COLUMNS: usize = I::COLUMNS;
    const IN_PLACE: bool = false;

    unsafe fn tile(
        rows: usize,
        columns: usize,
        units: usize,
        a: *const f32,
        b: *const f32,
        target: Target,
    ) {
        // SAFETY: the caller's promise.
        unsafe { I::tile(rows, columns, units, a, b, target) }
    }

    unsafe fn pack(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            I::pack(from, count, depth, width, panel);
            round_all(std::slice::from_raw_parts_mut(panel, depth * width));
        }
    }
}
