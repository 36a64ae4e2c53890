//! Tiles of 14 × 32 in the 32 registers of AVX-512: 28 sums, two vectors of b, and one element of a at a time.

use std::arch::x86_64::*;

use super::isa::{Isa, Strided, Target, pack_plain};

/// AVX-512F.
pub struct Avx512;

pub(super) const LANES: usize = 16;

#[target_feature(enable = "avx512f")]
pub(super) fn lanes(count: usize) -> __mmask16 {
    if count >= LANES { !0 } else { (1 << count) - 1 }
}

/// A tile of packed panels; `$step` adds the products of a unit of a and a vector of units of b to a vector of sums.
macro_rules! packed_tile {
    ($features:literal, $step:ident) => {
        #[target_feature(enable = $features)]
        #[inline]
        unsafe fn tile<const ROWS: usize, const VECTORS: usize>(
            columns: usize,
            units: usize,
            a: *const f32,
            b: *const f32,
            target: $crate::kernels::gemm::isa::Target,
        ) {
            use $crate::kernels::gemm::avx512::{LANES, store};
            // SAFETY: the caller's promise covers all reads and writes below.
            unsafe {
                let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
                let (mut a, mut b) = (a, b);
                for _ in 0..units {
                    let mut right = [_mm512_setzero_ps(); VECTORS];
                    for (v, right) in right.iter_mut().enumerate() {
                        *right = _mm512_load_ps(b.add(v * LANES));
                    }
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let left = _mm512_set1_ps(*a.add(i));
                        for v in 0..VECTORS {
                            sums[v] = $step(left, right[v], sums[v]);
                        }
                    }
                    a = a.add(ROWS);
                    b = b.add(2 * LANES);
                }
                store(sums, columns, target);
            }
        }
    };
}
pub(super) use packed_tile;

packed_tile!("avx512f", _mm512_fmadd_ps);

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) unsafe fn store<const ROWS: usize, const VECTORS: usize>(
    sums: [[__m512; VECTORS]; ROWS],
    columns: usize,
    target: Target,
) {
    let scale = _mm512_set1_ps(target.scale);
    for (i, sums) in sums.iter().enumerate() {
        for (v, &sum) in sums.iter().enumerate() {
            let mask = lanes(columns - v * LANES);
            let product = _mm512_mul_ps(sum, scale);
            // SAFETY: the caller's promise; the mask keeps to the columns.
            unsafe {
                let at = target.data.add(i * target.row + v * LANES);
                let whole = if target.add {
                    _mm512_add_ps(_mm512_maskz_loadu_ps(mask, at), product)
                } else {
                    product
                };
                _mm512_mask_storeu_ps(at, mask, whole);
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn tile_in_place<const ROWS: usize, const VECTORS: usize>(
    columns: usize,
    depth: usize,
    a: Strided,
    (b, b_row): (*const f32, usize),
    target: Target,
) {
    // SAFETY: the caller's promise; masks keep to the columns.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); VECTORS]; ROWS];
        let last = lanes(columns - (VECTORS - 1) * LANES);
        for k in 0..depth {
            let (left, row) = (a.data.add(k * a.depth), b.add(k * b_row));
            let mut right = [_mm512_setzero_ps(); VECTORS];
            for (v, right) in right.iter_mut().enumerate() {
                let mask = if v + 1 == VECTORS { last } else { !0 };
                *right = _mm512_maskz_loadu_ps(mask, row.add(v * LANES));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = _mm512_set1_ps(*left.add(i * a.outer));
                for v in 0..VECTORS {
                    sums[v] = _mm512_fmadd_ps(left, right[v], sums[v]);
                }
            }
        }
        store(sums, columns, target);
    }
}

/// Calls `$tile` for a number of rows and of vectors that are known when it is compiled.
macro_rules! by_size {
    ($tile:ident, $rows:expr, $columns:expr, $($argument:expr),+) => {
        $crate::kernels::gemm::avx512::by_size!(@ $tile, $rows, $columns, ($($argument),+), 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
    (@ $tile:ident, $rows:expr, $columns:expr, $arguments:tt, $($count:literal)*) => {
        match ($rows, $columns > $crate::kernels::gemm::avx512::LANES) {
            $(
                ($count, true) => $crate::kernels::gemm::avx512::by_size!(! $tile, $count, 2, $columns, $arguments),
                ($count, false) => $crate::kernels::gemm::avx512::by_size!(! $tile, $count, 1, $columns, $arguments),
            )*
            _ => unreachable!("a tile has at most 14 rows"),
        }
    };
    (! $tile:ident, $count:literal, $vectors:literal, $columns:expr, ($($argument:expr),+)) => {
        $tile::<$count, $vectors>($columns, $($argument),+)
    };
}

pub(super) use by_size;

/// 16 rows of 16 elements → their transpose.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn transpose(r: [__m512; LANES]) -> [__m512; LANES] {
    let mut pairs = [_mm512_setzero_ps(); LANES];
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    // Register 4g + c holds, in its four parts of 128 bits, columns c, c + 4, c + 8, c + 12 of rows 4g to 4g + 3.
    let mut fours = [_mm512_setzero_ps(); LANES];
    for g in 0..4 {
        for c in 0..2 {
            let (x, y) = (
                _mm512_castps_pd(pairs[4 * g + c]),
                _mm512_castps_pd(pairs[4 * g + 2 + c]),
            );
            fours[4 * g + 2 * c] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
            fours[4 * g + 2 * c + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
        }
    }
    let mut columns = [_mm512_setzero_ps(); LANES];
    for c in 0..4 {
        let (a, b) = (fours[c], fours[4 + c]);
        let (d, e) = (fours[8 + c], fours[12 + c]);
        let (low_top, high_top) = (
            _mm512_shuffle_f32x4::<0x88>(a, b),
            _mm512_shuffle_f32x4::<0xdd>(a, b),
        );
        let (low_bottom, high_bottom) = (
            _mm512_shuffle_f32x4::<0x88>(d, e),
            _mm512_shuffle_f32x4::<0xdd>(d, e),
        );
        columns[c] = _mm512_shuffle_f32x4::<0x88>(low_top, low_bottom);
        columns[8 + c] = _mm512_shuffle_f32x4::<0xdd>(low_top, low_bottom);
        columns[4 + c] = _mm512_shuffle_f32x4::<0x88>(high_top, high_bottom);
        columns[12 + c] = _mm512_shuffle_f32x4::<0xdd>(high_top, high_bottom);
    }
    columns
}

/// Rows of the operand lie along k: blocks of 16 × 16 are transposed.
#[target_feature(enable = "avx512f")]
unsafe fn pack_along_depth(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: the caller's promise; masks keep to the rows, terms and lanes that exist.
    unsafe {
        for k in (0..depth).step_by(LANES) {
            let terms = (depth - k).min(LANES);
            for i in (0..width).step_by(LANES) {
                let mut block = [_mm512_setzero_ps(); LANES];
                for (j, row) in block.iter_mut().enumerate().take(count.saturating_sub(i)) {
                    *row = _mm512_maskz_loadu_ps(
                        lanes(terms),
                        from.data.add((i + j) * from.outer + k),
                    );
                }
                let block = transpose(block);
                let mask = lanes(width - i);
                for (j, &row) in block.iter().enumerate().take(terms) {
                    _mm512_mask_storeu_ps(panel.add((k + j) * width + i), mask, row);
                }
            }
        }
    }
}

/// Rows or columns of the operand lie beside each other.
#[target_feature(enable = "avx512f")]
unsafe fn pack_along_outer(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: as above.
    unsafe {
        for k in 0..depth {
            for i in (0..width).step_by(LANES) {
                let some = lanes(count.saturating_sub(i));
                let source = from.data.wrapping_add(k * from.depth + i);
                let row = _mm512_maskz_loadu_ps(some, source);
                _mm512_mask_storeu_ps(panel.add(k * width + i), lanes(width - i), row);
            }
        }
    }
}

impl Isa for Avx512 {
    const ROWS: usize = 14;
    const COLUMNS: usize = 32;
    const READ_IN_PLACE: usize = 8;

    unsafe fn tile(
        rows: usize,
        columns: usize,
        depth: usize,
        a: *const f32,
        b: *const f32,
        target: Target,
    ) {
        // SAFETY: the caller's promise.
        unsafe { by_size!(tile, rows, columns, depth, a, b, target) }
    }

    unsafe fn tile_in_place(
        rows: usize,
        columns: usize,
        depth: usize,
        a: Strided,
        b: (*const f32, usize),
        target: Target,
    ) {
        // SAFETY: the caller's promise.
        unsafe { by_size!(tile_in_place, rows, columns, depth, a, b, target) }
    }

    unsafe fn pack(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe {
            match from {
                Strided { outer: 1, .. } => pack_along_outer(from, count, depth, width, panel),
                Strided { depth: 1, .. } => pack_along_depth(from, count, depth, width, panel),
                _ => pack_plain(from, count, depth, width, panel),
            }
        }
    }
}
