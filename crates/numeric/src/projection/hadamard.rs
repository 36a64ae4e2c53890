//! The fast Walsh-Hadamard transform.

use crate::kernels::simd::simd;

/// Elements whose butterflies are done in registers.
const SMALL: usize = 8;

simd! {
    /// H·v in place, where H is the Hadamard matrix in natural order: entries ±1, H·H = n·I. The length n is a power of two.
    pub fn hadamard(values: &mut [f32]) {
        debug_assert!(values.len().is_power_of_two());
        let mut half = 1;
        if values.len() >= SMALL {
            for part in values.as_chunks_mut::<SMALL>().0 {
                *part = eight(*part);
            }
            half = SMALL;
        }
        while half < values.len() {
            for pair in values.chunks_exact_mut(2 * half) {
                let (low, high) = pair.split_at_mut(half);
                for (a, b) in low.iter_mut().zip(high) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            half *= 2;
        }
    }
}

#[inline(always)]
fn eight(v: [f32; SMALL]) -> [f32; SMALL] {
    let stage = |v: [f32; SMALL], half: usize| -> [f32; SMALL] {
        std::array::from_fn(|i| {
            if i & half == 0 {
                v[i] + v[i + half]
            } else {
                v[i - half] - v[i]
            }
        })
    };
    stage(stage(stage(v, 1), 2), 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_product_with_the_matrix_of_signs() {
        for bits in 0..7 {
            let n = 1usize << bits;
            let values: Vec<f32> = (0..n).map(|i| (i * i % 7) as f32 - 2.5).collect();
            let mut found = values.clone();
            hadamard(&mut found);
            for (row, found) in found.iter().enumerate() {
                let sign = |column: usize| {
                    if (row & column).count_ones().is_multiple_of(2) {
                        1.0
                    } else {
                        -1.0
                    }
                };
                let expected: f32 = values.iter().enumerate().map(|(i, v)| sign(i) * v).sum();
                assert!((found - expected).abs() < 1e-4, "{found} {expected}");
            }
        }
    }
}
