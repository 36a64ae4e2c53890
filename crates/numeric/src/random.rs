//! Counter-based random numbers: each value is a pure function of (seed, stream, index), so any thread can make any part.
//!
//! Philox4x32-10. Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011, section 3.3. The key is the
//! seed; the counter is the stream in its upper half and the block's number in its lower half. A block is four 32-bit words.

use rayon::prelude::*;

use crate::kernels::simd::simd;
use crate::linalg::Scalar;

/// Multipliers of the round, and the Weyl steps of the key: the paper's table 2 and section 3.3.
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// 2³²: random words lie below it.
pub const WORDS: f64 = 4_294_967_296.0;

/// Values that one thread makes at a time.
const CHUNK: usize = 1 << 14;

/// One block of Philox4x32-10.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// Blocks that are made side by side, one in each lane.
const LANES: usize = 16;

const LOW: u64 = 0xFFFF_FFFF;

/// Blocks `first ..` of the counter, four words each.
fn blocks(first: u64, stream: u64, seed: u64, words: &mut [u32; 4 * LANES]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has this feature.
        return unsafe { avx512::blocks(first, stream, seed, words) };
    }
    plain_blocks(first, stream, seed, words);
}

/// Twice as fast as what the compiler makes of `plain_blocks`. Without closures: they would be compiled for the baseline.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{LANES, MULTIPLIERS, ROUNDS, WEYL};

    /// Registers of eight lanes.
    const HALVES: usize = LANES / 8;

    /// The same number in all lanes.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn all(value: u64) -> __m512i {
        _mm512_set1_epi64(value.cast_signed())
    }

    /// The upper half of a product, a word and a key, by exclusive or.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn next(product: __m512i, word: __m512i, key: u32) -> __m512i {
        let high = _mm512_srli_epi64::<32>(product);
        _mm512_ternarylogic_epi64::<0x96>(high, word, all(u64::from(key)))
    }

    /// Two words side by side in each lane.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn pair(low: __m512i, high: __m512i) -> __m512i {
        _mm512_mask_blend_epi32(0xaaaa, low, _mm512_slli_epi64::<32>(high))
    }

    /// As in the outer module: a word of each of eight blocks in the lower halves of the lanes of a register.
    #[target_feature(enable = "avx512f")]
    pub fn blocks(first: u64, stream: u64, seed: u64, words: &mut [u32; 4 * LANES]) {
        let multipliers = (
            all(u64::from(MULTIPLIERS[0])),
            all(u64::from(MULTIPLIERS[1])),
        );
        let lanes = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
        let mut counters = [[all(0); 4]; HALVES];
        for (half, counter) in counters.iter_mut().enumerate() {
            let block = _mm512_add_epi64(all(first.wrapping_add(8 * half as u64)), lanes);
            let upper = _mm512_srli_epi64::<32>(block);
            *counter = [block, upper, all(stream), all(stream >> 32)];
        }
        let mut key = [seed as u32, (seed >> 32) as u32];
        for _ in 0..ROUNDS {
            for counter in &mut counters {
                let [c0, c1, c2, c3] = *counter;
                let p0 = _mm512_mul_epu32(multipliers.0, c0);
                let p1 = _mm512_mul_epu32(multipliers.1, c2);
                *counter = [next(p1, c1, key[0]), p1, next(p0, c3, key[1]), p0];
            }
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (halves, _) = words.as_chunks_mut::<{ 4 * LANES / HALVES }>();
        for ([c0, c1, c2, c3], words) in counters.into_iter().zip(halves) {
            let (left, right) = (pair(c0, c1), pair(c2, c3));
            let order = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
            let lower = _mm512_permutex2var_epi64(left, order, right);
            let order = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
            let upper = _mm512_permutex2var_epi64(left, order, right);
            // SAFETY: two stores of 16 words into 32.
            unsafe {
                _mm512_storeu_si512(words.as_mut_ptr().cast(), lower);
                _mm512_storeu_si512(words.as_mut_ptr().add(16).cast(), upper);
            }
        }
    }
}

simd! {
    /// As `blocks`. The words stand in the lower halves of 64-bit lanes, where a product needs no conversion; the upper halves hold what
    /// the next product does not see.
    fn plain_blocks(first: u64, stream: u64, seed: u64, words: &mut [u32; 4 * LANES]) {
        let block = |lane: usize| first.wrapping_add(lane as u64);
        let mut counter: [[u64; LANES]; 4] = [
            std::array::from_fn(block),
            std::array::from_fn(|lane| block(lane) >> 32),
            [stream; LANES],
            [stream >> 32; LANES],
        ];
        let mut key = [seed as u32, (seed >> 32) as u32];
        for _ in 0..ROUNDS {
            let mut next = [[0u64; LANES]; 4];
            for lane in 0..LANES {
                let first = u64::from(MULTIPLIERS[0]) * (counter[0][lane] & LOW);
                let second = u64::from(MULTIPLIERS[1]) * (counter[2][lane] & LOW);
                next[0][lane] = (second >> 32) ^ counter[1][lane] ^ u64::from(key[0]);
                next[1][lane] = second;
                next[2][lane] = (first >> 32) ^ counter[3][lane] ^ u64::from(key[1]);
                next[3][lane] = first;
            }
            counter = next;
            key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
        }
        let (words, _) = words.as_chunks_mut::<4>();
        for (lane, words) in words.iter_mut().enumerate() {
            *words = std::array::from_fn(|word| counter[word][lane] as u32);
        }
    }
}

/// An endless sequence of random numbers, named by its seed and its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Chosen by the user.
    pub seed: u64,
    /// Chosen by the program: a tensor, a layer.
    pub stream: u64,
}

impl Stream {
    /// Two 53-bit numbers in [0, 1): block `block` holds values `2·block` and `2·block + 1`.
    fn pair(self, block: u64) -> [f64; 2] {
        let words = philox(
            [
                block as u32,
                (block >> 32) as u32,
                self.stream as u32,
                (self.stream >> 32) as u32,
            ],
            [self.seed as u32, (self.seed >> 32) as u32],
        );
        let unit = |high: u32, low: u32| {
            let bits = (u64::from(high) << 32 | u64::from(low)) >> 11;
            bits as f64 * (1.0 / (1_u64 << 53) as f64)
        };
        [unit(words[1], words[0]), unit(words[3], words[2])]
    }

    /// Box and Muller 1958: two independent standard normal numbers from two uniform ones, in f64.
    fn normal_pair(self, block: u64) -> [f64; 2] {
        let [first, second] = self.pair(block);
        // 1 − first is in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * (1.0 - first).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * second).sin_cos();
        [radius * cosine, radius * sine]
    }

    /// Words `offset ..` of the sequence of 32-bit words: block `b` holds words `4b` to `4b + 3`. On the calling thread.
    pub fn words(self, offset: u64, words: &mut [u32]) {
        let (mut block, skip) = (offset / 4, (offset % 4) as usize);
        let mut made = [0; 4 * LANES];
        let mut rest = words;
        if skip > 0 {
            blocks(block, self.stream, self.seed, &mut made);
            let length = (4 - skip).min(rest.len());
            let (part, tail) = rest.split_at_mut(length);
            part.copy_from_slice(&made[skip..][..length]);
            rest = tail;
            block = block.wrapping_add(1);
        }
        let (whole, tail) = rest.as_chunks_mut::<{ 4 * LANES }>();
        for words in whole {
            blocks(block, self.stream, self.seed, words);
            block = block.wrapping_add(LANES as u64);
        }
        if !tail.is_empty() {
            blocks(block, self.stream, self.seed, &mut made);
            tail.copy_from_slice(&made[..tail.len()]);
        }
    }

    /// Values `offset ..` of the uniform sequence on [0, 1), rounded down to the precision, so 1 never occurs.
    pub fn uniform<T: Scalar>(self, offset: u64, values: &mut [T]) {
        self.fill(offset, values, |block| {
            self.pair(block).map(T::round_down_from)
        });
    }

    /// Values `offset ..` of the standard normal sequence, computed in f64 and rounded once.
    pub fn normal<T: Scalar>(self, offset: u64, values: &mut [T]) {
        self.fill(offset, values, |block| {
            self.normal_pair(block).map(T::round_from)
        });
    }

    fn fill<T: Scalar>(self, offset: u64, values: &mut [T], pair: impl Fn(u64) -> [T; 2] + Sync) {
        values
            .par_chunks_mut(CHUNK)
            .enumerate()
            .for_each(|(chunk, part)| {
                let mut index = offset.wrapping_add((chunk * CHUNK) as u64);
                let mut part = part.iter_mut();
                if index % 2 == 1
                    && let Some(value) = part.next()
                {
                    *value = pair(index / 2)[1];
                    index += 1;
                }
                while let Some(first) = part.next() {
                    let [a, b] = pair(index / 2);
                    *first = a;
                    if let Some(second) = part.next() {
                        *second = b;
                    }
                    index += 2;
                }
            });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers published with the paper's Random123 library (kat_vectors, philox4x32 10).
    #[test]
    fn philox_gives_the_published_answers() {
        let answers = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in answers {
            assert_eq!(philox(counter, key), expected);
        }
    }

    #[test]
    fn any_part_can_be_made_alone() {
        let source = Stream { seed: 7, stream: 9 };
        let mut whole = vec![0.0_f32; 40_001];
        source.normal(0, &mut whole);
        for (offset, length) in [(0, 1), (1, 1), (1, 40_000), (16_383, 5), (20_000, 17_001)] {
            let mut part = vec![0.0_f32; length];
            source.normal(offset as u64, &mut part);
            assert_eq!(part, whole[offset..offset + length]);
        }
    }

    #[test]
    fn words_are_those_of_the_blocks_wherever_they_begin() {
        let source = Stream {
            seed: 7 << 40,
            stream: 9,
        };
        let block = |block: u64| philox([block as u32, (block >> 32) as u32, 9, 0], [0, 7 << 8]);
        let expected: Vec<u32> = (0..100).flat_map(block).collect();
        for (offset, length) in [(0, 400), (1, 1), (3, 130), (61, 70), (399, 1)] {
            let mut words = vec![0; length];
            source.words(offset as u64, &mut words);
            assert_eq!(words, expected[offset..offset + length]);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_blocks() {
        for (first, stream, seed) in [(0, 0, 0), (u64::MAX - 3, 7 << 33, 9 << 31), (1 << 32, 5, 6)]
        {
            let (mut fast, mut plain) = ([0; 4 * LANES], [0; 4 * LANES]);
            blocks(first, stream, seed, &mut fast);
            plain_blocks(first, stream, seed, &mut plain);
            assert_eq!(fast, plain);
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let source = Stream { seed: 1, stream: 2 };
        let count = 1_000_000;
        let mut values = vec![0.0_f64; count];
        let moment = |values: &[f64], power: i32| {
            values.iter().map(|value| value.powi(power)).sum::<f64>() / count as f64
        };
        // Bounds are five standard errors: of x^p over n values, sqrt(Var(x^p)/n).
        source.normal(0, &mut values);
        assert!(moment(&values, 1).abs() < 5.0e-3);
        assert!((moment(&values, 2) - 1.0).abs() < 5.0 * 2_f64.sqrt() * 1e-3);
        assert!((moment(&values, 4) - 3.0).abs() < 5.0 * 96_f64.sqrt() * 1e-3);
        source.uniform(0, &mut values);
        assert!((moment(&values, 1) - 0.5).abs() < 5.0 * (1.0_f64 / 12.0).sqrt() * 1e-3);
        assert!((moment(&values, 2) - 1.0 / 3.0).abs() < 5.0 * (4.0_f64 / 45.0).sqrt() * 1e-3);
        assert!(values.iter().all(|value| (0.0..1.0).contains(value)));
    }

    #[test]
    fn streams_and_seeds_differ() {
        let first = |seed, stream| {
            let mut value = [0.0_f64];
            Stream { seed, stream }.uniform(0, &mut value);
            value[0]
        };
        let values = [
            first(0, 0),
            first(1, 0),
            first(0, 1),
            first(1 << 32, 0),
            first(0, 1 << 32),
        ];
        for (index, value) in values.iter().enumerate() {
            assert!(!values[..index].contains(value));
        }
    }

    #[test]
    fn uniform_f32_never_reaches_one() {
        assert!(f32::round_down_from(1.0 - f64::EPSILON / 2.0) < 1.0);
    }
}
