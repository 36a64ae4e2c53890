//! Tiles of 6 × 16 in the 16 registers of AVX2: 12 sums, two vectors of b, and one element of a at a time.

use std::arch::x86_64::*;

use super::isa::{Isa, Strided, Target, pack_plain};

/// AVX2 with FMA.
pub struct Avx2;

const LANES: usize = 8;

#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn tile<const ROWS: usize>(
    columns: usize,
    depth: usize,
    a: *const f32,
    b: *const f32,
    target: Target,
) {
    // SAFETY: the caller's promise covers all reads and writes below.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
        let (mut a, mut b) = (a, b);
        for _ in 0..depth {
            let right = [_mm256_load_ps(b), _mm256_load_ps(b.add(LANES))];
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = _mm256_set1_ps(*a.add(i));
                sums[0] = _mm256_fmadd_ps(left, right[0], sums[0]);
                sums[1] = _mm256_fmadd_ps(left, right[1], sums[1]);
            }
            a = a.add(ROWS);
            b = b.add(2 * LANES);
        }
        store(sums, columns, target);
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn store<const ROWS: usize>(sums: [[__m256; 2]; ROWS], columns: usize, target: Target) {
    let scale = _mm256_set1_ps(target.scale);
    for (i, sums) in sums.iter().enumerate() {
        let mut values = [0.0f32; 2 * LANES];
        for (v, &sum) in sums.iter().enumerate() {
            // SAFETY: two vectors fill the values.
            unsafe {
                _mm256_storeu_ps(
                    values.as_mut_ptr().add(v * LANES),
                    _mm256_mul_ps(sum, scale),
                )
            };
        }
        for (j, &value) in values.iter().enumerate().take(columns) {
            // SAFETY: the caller's promise.
            unsafe {
                let at = target.data.add(i * target.row + j);
                *at = if target.add { *at + value } else { value };
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
unsafe fn tile_in_place<const ROWS: usize>(
    columns: usize,
    depth: usize,
    a: Strided,
    (b, b_row): (*const f32, usize),
    target: Target,
) {
    // SAFETY: the caller's promise; the masks keep to the columns.
    unsafe {
        let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
        let masks = [lanes(columns), lanes(columns.saturating_sub(LANES))];
        for k in 0..depth {
            let (left, row) = (a.data.add(k * a.depth), b.add(k * b_row));
            let right = [
                _mm256_maskload_ps(row, masks[0]),
                _mm256_maskload_ps(row.wrapping_add(LANES), masks[1]),
            ];
            for (i, sums) in sums.iter_mut().enumerate() {
                let left = _mm256_set1_ps(*left.add(i * a.outer));
                sums[0] = _mm256_fmadd_ps(left, right[0], sums[0]);
                sums[1] = _mm256_fmadd_ps(left, right[1], sums[1]);
            }
        }
        store(sums, columns, target);
    }
}

/// The first `count` lanes.
#[target_feature(enable = "avx2,fma")]
fn lanes(count: usize) -> __m256i {
    let numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_cmpgt_epi32(_mm256_set1_epi32(count.min(LANES) as i32), numbers)
}

/// Calls `$tile` for a number of rows that is known when it is compiled.
macro_rules! by_rows {
    ($tile:ident, $rows:expr, $($argument:expr),+) => {
        match $rows {
            1 => $tile::<1>($($argument),+),
            2 => $tile::<2>($($argument),+),
            3 => $tile::<3>($($argument),+),
            4 => $tile::<4>($($argument),+),
            5 => $tile::<5>($($argument),+),
            6 => $tile::<6>($($argument),+),
            _ => unreachable!("a tile has at most 6 rows"),
        }
    };
}

/// Rows of the operand lie along k: blocks of 8 × 8 are transposed.
#[target_feature(enable = "avx2,fma")]
unsafe fn pack_along_depth(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let whole = depth - depth % LANES;
        for k in (0..whole).step_by(LANES) {
            for i in (0..width).step_by(LANES) {
                let mut block = [_mm256_setzero_ps(); LANES];
                for (j, row) in block.iter_mut().enumerate().take(count.saturating_sub(i)) {
                    *row = _mm256_loadu_ps(from.data.add((i + j) * from.outer + k));
                }
                let kept = (width - i).min(LANES);
                for (j, row) in transpose(block).into_iter().enumerate() {
                    let to = panel.add((k + j) * width + i);
                    if kept == LANES {
                        _mm256_storeu_ps(to, row);
                    } else {
                        let mut values = [0.0f32; LANES];
                        _mm256_storeu_ps(values.as_mut_ptr(), row);
                        to.copy_from_nonoverlapping(values.as_ptr(), kept);
                    }
                }
            }
        }
        pack_plain(
            from.at(0, whole),
            count,
            depth - whole,
            width,
            panel.add(whole * width),
        );
    }
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn transpose(r: [__m256; LANES]) -> [__m256; LANES] {
    let mut pairs = [_mm256_setzero_ps(); LANES];
    for i in 0..4 {
        pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    let mut fours = [_mm256_setzero_ps(); LANES];
    for g in 0..2 {
        for c in 0..2 {
            let (x, y) = (pairs[4 * g + c], pairs[4 * g + 2 + c]);
            fours[4 * g + 2 * c] = _mm256_shuffle_ps::<0x44>(x, y);
            fours[4 * g + 2 * c + 1] = _mm256_shuffle_ps::<0xee>(x, y);
        }
    }
    let mut columns = [_mm256_setzero_ps(); LANES];
    for c in 0..4 {
        columns[c] = _mm256_permute2f128_ps::<0x20>(fours[c], fours[4 + c]);
        columns[4 + c] = _mm256_permute2f128_ps::<0x31>(fours[c], fours[4 + c]);
    }
    columns
}

#[target_feature(enable = "avx2,fma")]
unsafe fn pack_along_outer(
    from: Strided,
    count: usize,
    depth: usize,
    width: usize,
    panel: *mut f32,
) {
    // SAFETY: the caller's promise.
    unsafe { pack_plain(Strided { outer: 1, ..from }, count, depth, width, panel) }
}

impl Isa for Avx2 {
    const ROWS: usize = 6;
    const COLUMNS: usize = 16;

    unsafe fn tile(
        rows: usize,
        columns: usize,
        depth: usize,
        a: *const f32,
        b: *const f32,
        target: Target,
    ) {
        // SAFETY: the caller's promise.
        unsafe { by_rows!(tile, rows, columns, depth, a, b, target) }
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
        unsafe { by_rows!(tile_in_place, rows, columns, depth, a, b, target) }
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
