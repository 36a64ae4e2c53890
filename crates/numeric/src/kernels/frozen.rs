//! Weights that are held in fewer bits and expanded as they are used: bfloat16, and 4-bit NormalFloat in blocks (Dettmers et al. 2023,
//! arXiv:2305.14314, section 3; its 16 values: appendix E).

use rayon::prelude::*;

use super::split;
use crate::checkpoint::convert::bf16_bits;

/// How numbers are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The first 16 bits, rounded to nearest even.
    Bf16,
    /// The number of the nearest of 16 values, as a factor of the largest number of its block. Scales in f32 come first, then two numbers a
    /// byte, the earlier one in the lower half.
    Nf4,
}

/// Numbers that share a scale.
const BLOCK: usize = 64;

/// The values of a 4-bit number: quantiles of a normal distribution between −1 and 1, with an exact zero.
const NF4: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

impl Format {
    /// Bytes of `count` numbers.
    pub fn bytes(self, count: usize) -> usize {
        match self {
            Self::Bf16 => 2 * count,
            Self::Nf4 => 4 * count.div_ceil(BLOCK) + count.div_ceil(2),
        }
    }

    /// Holds finite numbers in `out`. Panics if it has not `bytes` of them.
    pub fn freeze(self, values: &[f32], out: &mut [u8]) {
        assert_eq!(out.len(), self.bytes(values.len()));
        match self {
            Self::Bf16 => {
                for (bits, &value) in out.chunks_exact_mut(2).zip(values) {
                    bits.copy_from_slice(&bf16_bits(value).to_le_bytes());
                }
            }
            Self::Nf4 => {
                let (scales, codes) = out.split_at_mut(4 * values.len().div_ceil(BLOCK));
                let blocks = scales
                    .par_chunks_exact_mut(4)
                    .zip(codes.par_chunks_mut(BLOCK / 2));
                values
                    .par_chunks(BLOCK)
                    .zip(blocks)
                    .for_each(|(block, (scale, codes))| freeze_block(block, scale, codes));
            }
        }
    }
}

fn freeze_block(block: &[f32], scale: &mut [u8], codes: &mut [u8]) {
    let most = block.iter().fold(0.0f32, |most, v| most.max(v.abs()));
    scale.copy_from_slice(&most.to_le_bytes());
    for (byte, pair) in codes.iter_mut().zip(block.chunks(2)) {
        let code = |i: usize| pair.get(i).map_or(ZERO, |&v| nearest(v, most));
        *byte = code(0) | code(1) << 4;
    }
}

/// The code of 0.
const ZERO: u8 = 7;

/// The code of the value that is nearest to `value / scale`; of two, the smaller.
fn nearest(value: f32, scale: f32) -> u8 {
    if scale == 0.0 {
        return ZERO;
    }
    let share = value / scale;
    let above = |pair: &[f32]| share > (pair[0] + pair[1]) / 2.0;
    NF4.windows(2).filter(|pair| above(pair)).count() as u8
}

/// Numbers in a format.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'a> {
    format: Format,
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Frozen<'a> {
    /// `count` numbers as `freeze` left them. Panics if the bytes are not theirs.
    pub fn new(format: Format, bytes: &'a [u8], count: usize) -> Self {
        assert_eq!(bytes.len(), format.bytes(count));
        Self {
            format,
            bytes,
            count,
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The numbers from `first` on. Panics if `out` is longer than what is left.
    pub fn expand(&self, first: usize, out: &mut [f32]) {
        assert!(first + out.len() <= self.count);
        match self.format {
            Format::Bf16 => expand_bf16(&self.bytes[2 * first..][..2 * out.len()], out),
            Format::Nf4 => {
                let (scales, codes) = self.bytes.split_at(4 * self.count.div_ceil(BLOCK));
                let mut at = first;
                let mut rest = out;
                while !rest.is_empty() {
                    let here = rest.len().min(BLOCK - at % BLOCK);
                    let (part, behind) = rest.split_at_mut(here);
                    let scale = scales[4 * (at / BLOCK)..][..4].try_into();
                    let values = scaled(f32::from_le_bytes(scale.unwrap_or_default()));
                    expand_codes(codes, at, &values, part);
                    (at, rest) = (at + here, behind);
                }
            }
        }
    }

    /// All numbers, on all threads. Panics if `out` has not as many.
    pub fn expand_all(&self, out: &mut [f32]) {
        assert_eq!(out.len(), self.count);
        split::rows(out, 1, |start, part| self.expand(start, part));
    }

    /// Rows of `width` numbers by their indices → out, dense. Panics if an index is no row's.
    pub fn rows(&self, width: usize, indices: &[i32], out: &mut [f32]) {
        assert_eq!(out.len(), indices.len() * width);
        split::rows(out, width.max(1), |start, part| {
            for (row, &index) in part.chunks_exact_mut(width.max(1)).zip(&indices[start..]) {
                let index = usize::try_from(index).expect("a row has a number");
                self.expand(index * width, row);
            }
        });
    }
}

/// The 16 values of a block.
fn scaled(scale: f32) -> [f32; 16] {
    NF4.map(|value| value * scale)
}

super::simd! {
    fn expand_bf16(bytes: &[u8], out: &mut [f32]) {
        for (value, bits) in out.iter_mut().zip(bytes.chunks_exact(2)) {
            *value = f32::from_bits(u32::from(u16::from_le_bytes([bits[0], bits[1]])) << 16);
        }
    }
}

/// The numbers from `at` on, all of one block.
fn expand_codes(codes: &[u8], at: usize, values: &[f32; 16], out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if at.is_multiple_of(2) && is_x86_feature_detected!("avx512f") {
        let whole = out.len() / 16 * 16;
        let (first, rest) = out.split_at_mut(whole);
        // SAFETY: the processor has the instructions.
        unsafe { expand_by_permutation(&codes[at / 2..][..whole / 2], values, first) };
        return expand_one_by_one(codes, at + whole, values, rest);
    }
    expand_one_by_one(codes, at, values, out);
}

fn expand_one_by_one(codes: &[u8], at: usize, values: &[f32; 16], out: &mut [f32]) {
    for (i, value) in (at..).zip(out) {
        *value = values[usize::from(codes[i / 2] >> (4 * (i % 2)) & 15)];
    }
}

/// 16 numbers at a time: a vector of values is a table that a permutation looks up.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn expand_by_permutation(codes: &[u8], values: &[f32; 16], out: &mut [f32]) {
    use std::arch::x86_64::*;
    // SAFETY: 16 values.
    let table = unsafe { _mm512_loadu_ps(values.as_ptr()) };
    let shifts = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
    for (eight, out) in codes.chunks_exact(8).zip(out.chunks_exact_mut(16)) {
        let word =
            |i: usize| i32::from_le_bytes([eight[i], eight[i + 1], eight[i + 2], eight[i + 3]]);
        let both = _mm512_inserti64x4::<1>(_mm512_set1_epi32(word(0)), _mm256_set1_epi32(word(4)));
        // The permutation reads the lowest four bits of each lane.
        let found = _mm512_permutexvar_ps(_mm512_srlv_epi32(both, shifts), table);
        // SAFETY: 16 numbers.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), found) };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::numbers;
    use super::*;

    fn frozen(format: Format, values: &[f32]) -> Vec<u8> {
        let mut bytes = vec![0; format.bytes(values.len())];
        format.freeze(values, &mut bytes);
        bytes
    }

    #[test]
    fn any_part_is_the_same_as_all() {
        let values = numbers(3 * BLOCK + 17, 1);
        for format in [Format::Bf16, Format::Nf4] {
            let bytes = frozen(format, &values);
            let held = Frozen::new(format, &bytes, values.len());
            let mut all = vec![0.0; values.len()];
            held.expand_all(&mut all);
            for (first, count) in [(0, 1), (1, 16), (3, 130), (62, 5), (64, 64), (100, 109)] {
                let mut part = vec![0.0; count];
                held.expand(first, &mut part);
                assert_eq!(part, all[first..first + count]);
            }
            let mut rows = vec![0.0; 2 * 19];
            held.rows(19, &[7, 2], &mut rows);
            assert_eq!(rows, [&all[7 * 19..8 * 19], &all[2 * 19..3 * 19]].concat());
        }
    }

    #[test]
    fn bfloat16_is_the_nearest_and_exact_where_it_can_be() {
        let values = [1.0, -2.5, 1.003_906_3, f32::MIN_POSITIVE, 0.0, -0.0];
        let bytes = frozen(Format::Bf16, &values);
        let mut back = [9.0; 6];
        Frozen::new(Format::Bf16, &bytes, 6).expand_all(&mut back);
        assert_eq!(
            back.map(f32::to_bits),
            [1.0, -2.5, 1.0, f32::MIN_POSITIVE, 0.0, -0.0].map(f32::to_bits)
        );
    }

    #[test]
    fn four_bits_give_the_nearest_value_of_the_block() {
        let mut values = numbers(2 * BLOCK, 2);
        values[BLOCK..].fill(0.0);
        values[5] = -1.5;
        let bytes = frozen(Format::Nf4, &values);
        let mut back = vec![9.0; values.len()];
        Frozen::new(Format::Nf4, &bytes, values.len()).expand_all(&mut back);
        for (&value, &found) in values[..BLOCK].iter().zip(&back) {
            let nearest = NF4
                .map(|v| (v * 1.5 - value).abs())
                .into_iter()
                .fold(f32::MAX, f32::min);
            assert!(
                ((found - value).abs() - nearest).abs() < 1e-6,
                "{value} {found}"
            );
        }
        assert_eq!(back[5], -1.5);
        assert!(back[BLOCK..].iter().all(|&value| value == 0.0));
    }

    #[test]
    fn every_path_expands_the_same() {
        let codes: Vec<u8> = (0..32).map(|i| (i * 37) as u8).collect();
        let values = scaled(0.3);
        let mut one_by_one = vec![0.0; 64];
        expand_one_by_one(&codes, 0, &values, &mut one_by_one);
        let mut chosen = vec![0.0; 64];
        expand_codes(&codes, 0, &values, &mut chosen);
        assert_eq!(chosen, one_by_one);
    }
}
