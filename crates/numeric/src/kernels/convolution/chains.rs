//! Sums of products of vectors of 16, several beside each other in registers: chains of fused multiply-adds in a fixed order.

use super::super::gemm::Line;

/// Most sums beside each other.
pub const TILE: usize = 8;

/// Which products are added up: sum t of a[part · part_step + line · line_step + tap · tap_step + t · step] · b[…], with the elements of b one
/// after another.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    pub parts: usize,
    pub part_step: usize,
    pub lines: usize,
    pub line_step: usize,
    pub taps: usize,
    pub tap_step: usize,
    /// From one sum to the next.
    pub step: usize,
}

impl Walk {
    /// One more than the last element of a that `count` sums need, and the elements of b.
    fn needs(&self, count: usize) -> (usize, usize) {
        let terms = self.parts * self.lines * self.taps;
        if terms == 0 {
            return (0, 0);
        }
        let last = (self.parts - 1) * self.part_step
            + (self.lines - 1) * self.line_step
            + (self.taps - 1) * self.tap_step
            + (count - 1) * self.step;
        (last + 1, terms)
    }
}

/// Calls `$function` for a number of sums that is known when it is compiled.
macro_rules! by_count {
    ($function:path, $count:expr, $arguments:tt) => {
        by_count!(@ $function, $count, $arguments, 1 2 3 4 5 6 7 8)
    };
    (@ $function:path, $count:expr, $arguments:tt, $($literal:literal)+) => {{
        use $function as function;
        match $count {
            $($literal => function::<$literal> $arguments,)+
            _ => unreachable!("at most 8 sums"),
        }
    }};
}

/// Writes the sums, as many as `out` has room for, at most `TILE`. Panics if a or b is too short.
pub fn sum(walk: &Walk, a: &[Line], b: &[Line], out: &mut [Line]) {
    let count = out.len();
    let (last, terms) = walk.needs(count);
    assert!(count > 0 && a.len() >= last && b.len() >= terms);
    let (a, b, out) = (a.as_ptr(), b.as_ptr(), out.as_mut_ptr());
    // SAFETY: all elements have been compared with the lengths, and the processor has been asked.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return by_count!(self::x86::avx512, count, (walk, a, b, out));
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return by_count!(self::x86::avx2, count, (walk, a, b, out));
            }
        }
        by_count!(self::plain, count, (walk, a, b, out));
    }
}

/// Calls `$term(a, b)` with the places of the first sum's factors, in order.
macro_rules! each_term {
    ($walk:ident, $a:ident, $b:ident, |$from:ident, $factor:ident| $term:block) => {
        let mut $factor = $b;
        for part in 0..$walk.parts {
            for line in 0..$walk.lines {
                let mut $from = $a.add(part * $walk.part_step + line * $walk.line_step);
                for _ in 0..$walk.taps {
                    $term
                    $from = $from.wrapping_add($walk.tap_step);
                    $factor = $factor.add(1);
                }
            }
        }
    };
}

/// # Safety
/// The arrays are as long as the walk needs, and `out` has T elements.
unsafe fn plain<const T: usize>(walk: &Walk, a: *const Line, b: *const Line, out: *mut Line) {
    let mut sums = [Line([0.0; 16]); T];
    // SAFETY: the caller's promise.
    unsafe {
        each_term!(walk, a, b, |from, factor| {
            for (t, sum) in sums.iter_mut().enumerate() {
                let (a, b) = (&(*from.add(t * walk.step)).0, &(*factor).0);
                for ((sum, &a), &b) in sum.0.iter_mut().zip(a).zip(b) {
                    *sum = multiply_add(a, b, *sum);
                }
            }
        });
        out.cast::<[Line; T]>().write(sums);
    }
}

#[inline(always)]
fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) {
        a.mul_add(b, sum)
    } else {
        // Without the instruction a fused one is a call of a function.
        a * b + sum
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Line, Walk};

    /// # Safety
    /// As `plain`, and the processor has the instructions.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn avx512<const T: usize>(
        walk: &Walk,
        a: *const Line,
        b: *const Line,
        out: *mut Line,
    ) {
        let mut sums = [_mm512_setzero_ps(); T];
        // SAFETY: the caller's promise.
        unsafe {
            each_term!(walk, a, b, |from, factor| {
                let right = _mm512_load_ps(factor.cast());
                for (t, sum) in sums.iter_mut().enumerate() {
                    let left = _mm512_load_ps(from.add(t * walk.step).cast());
                    *sum = _mm512_fmadd_ps(left, right, *sum);
                }
            });
            for (t, &sum) in sums.iter().enumerate() {
                _mm512_store_ps(out.add(t).cast(), sum);
            }
        }
    }

    /// # Safety
    /// As `avx512`.
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn avx2<const T: usize>(
        walk: &Walk,
        a: *const Line,
        b: *const Line,
        out: *mut Line,
    ) {
        // Halves of a vector, one after the other, so that the sums of one fit into the registers.
        for half in [0, 8] {
            let mut sums = [_mm256_setzero_ps(); T];
            // SAFETY: the caller's promise.
            unsafe {
                each_term!(walk, a, b, |from, factor| {
                    let right = _mm256_load_ps(factor.cast::<f32>().add(half));
                    for (t, sum) in sums.iter_mut().enumerate() {
                        let left = _mm256_load_ps(from.add(t * walk.step).cast::<f32>().add(half));
                        *sum = _mm256_fmadd_ps(left, right, *sum);
                    }
                });
                for (t, &sum) in sums.iter().enumerate() {
                    _mm256_store_ps(out.add(t).cast::<f32>().add(half), sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::numbers;
    use super::*;

    fn lines(count: usize, seed: u64) -> Vec<Line> {
        let values = numbers(16 * count, seed);
        values
            .as_chunks::<16>()
            .0
            .iter()
            .copied()
            .map(Line)
            .collect()
    }

    #[test]
    fn sums_are_those_of_f64_by_every_instruction_set() {
        let walk = Walk {
            parts: 2,
            part_step: 60,
            lines: 3,
            line_step: 17,
            taps: 5,
            tap_step: 2,
            step: 1,
        };
        let (a, b) = (lines(112, 1), lines(30, 2));
        for count in 1..=TILE {
            let mut out = vec![Line([f32::NAN; 16]); count];
            sum(&walk, &a, &b, &mut out);
            let mut by_plain = out.clone();
            // SAFETY: sum() has compared the lengths.
            unsafe {
                let (a, b, out) = (a.as_ptr(), b.as_ptr(), by_plain.as_mut_ptr());
                by_count!(self::plain, count, (&walk, a, b, out));
            }
            for (t, (out, plain)) in out.iter().zip(&by_plain).enumerate() {
                for lane in 0..16 {
                    let mut expected = 0.0;
                    for (k, b) in b.iter().enumerate() {
                        let at = k / 15 * 60 + k / 5 % 3 * 17 + k % 5 * 2 + t;
                        expected += f64::from(a[at].0[lane]) * f64::from(b.0[lane]);
                    }
                    for got in [out.0[lane], plain.0[lane]] {
                        assert!((f64::from(got) - expected).abs() < 2e-6, "{got} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic]
    fn arrays_that_are_too_short_are_refused() {
        let walk = Walk {
            parts: 1,
            part_step: 0,
            lines: 2,
            line_step: 4,
            taps: 3,
            tap_step: 1,
            step: 1,
        };
        sum(&walk, &lines(7, 1), &lines(6, 2), &mut [Line([0.0; 16]); 2]);
    }
}
