//! The product by the best instructions of this processor.

use super::drive::{self, Finish, Problem};
use super::isa::{Columns, Precision, Strided};
use super::plain::Plain;
use super::rounded::Rounded;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, avx512_bf16};

/// The product of views, by the best instructions of this processor: c = scale · a b, or added to c, and then what `finish` makes of it.
/// `c` is where the result begins, and the elements between two of its rows.
///
/// # Safety
/// The views lie inside their allocations, and nothing else uses c meanwhile.
pub unsafe fn product(
    problem: Problem,
    a: Strided,
    b: impl Columns,
    c: (*mut f32, usize),
    finish: &impl Finish,
) {
    if problem.rows == 0 || problem.columns == 0 {
        return;
    }
    // A narrow product takes the time of reading its operands.
    let half = problem.precision == Precision::Bf16
        && problem.rows >= NARROW
        && problem.columns >= NARROW
        && problem.depth >= NARROW;
    // SAFETY: the caller's promise, and the processor has been asked.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        {
            use {avx2::Avx2, avx512::Avx512, avx512_bf16::Avx512Bf16};
            if is_x86_feature_detected!("avx512f") {
                return match half {
                    true if is_x86_feature_detected!("avx512bf16") => {
                        drive::multiply::<Avx512Bf16>(problem, a, b, c, finish)
                    }
                    true => drive::multiply::<Rounded<Avx512>>(problem, a, b, c, finish),
                    false => drive::multiply::<Avx512>(problem, a, b, c, finish),
                };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return match half {
                    true => drive::multiply::<Rounded<Avx2>>(problem, a, b, c, finish),
                    false => drive::multiply::<Avx2>(problem, a, b, c, finish),
                };
            }
        }
        match half {
            true => drive::multiply::<Rounded<Plain>>(problem, a, b, c, finish),
            false => drive::multiply::<Plain>(problem, a, b, c, finish),
        }
    }
}

/// Below this many rows, columns or terms a product is narrow, and stays f32.
const NARROW: usize = 16;
