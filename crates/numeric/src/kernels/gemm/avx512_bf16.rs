//! Tiles of 14 × 32 of bfloat16 by `vdpbf16ps`, which adds the products of two terms to each sum. It takes denormals as 0.

use std::arch::x86_64::*;

use super::avx512::{self, LANES};
use super::isa::{Isa, Strided, Target};

/// AVX512-BF16.
pub struct Avx512Bf16;

/// A vector of 32 bfloat16 numbers is one of 16 units.
#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn step(left: __m512, right: __m512, sums: __m512) -> __m512 {
    // SAFETY: both are 512 bits without invalid values.
    let pairs = |units: __m512| unsafe { std::mem::transmute::<__m512, __m512bh>(units) };
    _mm512_dpbf16_ps(sums, pairs(left), pairs(right))
}

avx512::packed_tile!("avx512f,avx512bf16", step);

/// The units of two vectors: the first in the lower half of each.
#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn joined(first: __m512, second: __m512) -> __m512 {
    // SAFETY: both are 512 bits without invalid values.
    let halves =
        unsafe { std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second, first)) };
    // Now 16 of the first and behind them 16 of the second.
    let low = _mm512_cvtepu16_epi32(_mm512_castsi512_si256(halves));
    let high = _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64::<1>(halves));
    _mm512_castsi512_ps(_mm512_or_si512(low, _mm512_slli_epi32::<16>(high)))
}

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn pack_along_depth(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: the caller's promise; masks keep to the rows, terms and lanes that exist.
    unsafe {
        for k in (0..depth).step_by(2 * LANES) {
            let terms = depth - k;
            let units = terms.div_ceil(2).min(LANES);
            for i in (0..width).step_by(LANES) {
                let mut block = [_mm512_setzero_ps(); LANES];
                for (j, row) in block.iter_mut().enumerate().take(count.saturating_sub(i)) {
                    let source = from.data.add((i + j) * from.outer + k);
                    let first = _mm512_maskz_loadu_ps(avx512::lanes(terms), source);
                    let rest = avx512::lanes(terms.saturating_sub(LANES));
                    let second = _mm512_maskz_loadu_ps(rest, source.wrapping_add(LANES));
                    // 32 terms in order are 16 units in order.
                    *row = _mm512_castsi512_ps(std::mem::transmute::<__m512bh, __m512i>(
                        _mm512_cvtne2ps_pbh(second, first),
                    ));
                }
                let mask = avx512::lanes(width - i);
                for (j, &row) in avx512::transpose(block).iter().enumerate().take(units) {
                    _mm512_mask_storeu_ps(panel.add((k / 2 + j) * width + i), mask, row);
                }
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn pack_along_outer(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: as above.
    unsafe {
        for k in (0..depth).step_by(2) {
            for i in (0..width).step_by(LANES) {
                let some = avx512::lanes(count.saturating_sub(i));
                let source = from.data.wrapping_add(k * from.depth + i);
                let first = _mm512_maskz_loadu_ps(some, source);
                let both = if k + 1 < depth { some } else { 0 };
                let second = _mm512_maskz_loadu_ps(both, source.wrapping_add(from.depth));
                let to = panel.add(k / 2 * width + i);
                _mm512_mask_storeu_ps(to, avx512::lanes(width - i), joined(first, second));
            }
        }
    }
}

/// Any strides, a unit at a time.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn pack_any(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
    use super::rounded::round;
    // SAFETY: the caller's promise.
    unsafe {
        for k in (0..depth).step_by(2) {
            for i in 0..width {
                let term = |k: usize| {
                    if i < count && k < depth {
                        round(*from.at(i, k).data).to_bits()
                    } else {
                        0
                    }
                };
                *panel.add(k / 2 * width + i) = f32::from_bits(term(k) >> 16 | term(k + 1));
            }
        }
    }
}

impl Isa for Avx512Bf16 {
    const ROWS: usize = 14;
    const COLUMNS: usize = 32;
    const TERMS: usize = 2;
    const DEPTH: usize = 768;
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
        unsafe { avx512::by_size!(tile, rows, columns, units, a, b, target) }
    }

    unsafe fn pack(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            match from {
                Strided { outer: 1, .. } => pack_along_outer(from, count, depth, width, panel),
                Strided { depth: 1, .. } => pack_along_depth(from, count, depth, width, panel),
                _ => pack_any(from, count, depth, width, panel),
            }
        }
    }
}
