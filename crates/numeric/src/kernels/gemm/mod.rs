//! Matrix products, single and batched, in f32 with fused multiply-add: each sum runs over its terms in order, in blocks whose size
//! depends on the number of terms alone, so that every processor that has the instruction gives the same bits, on any number of threads.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
mod drive;
mod frozen;
mod isa;
mod plain;
mod rounded;
mod scratch;

#[cfg(test)]
mod tests;

pub use drive::{Finish, Problem};
pub use frozen::times_frozen;
pub(super) use isa::Line;
pub use isa::{Columns, Precision, Strided};
pub(super) use scratch::SharedScratch;

use plain::Plain;
use rounded::Rounded;

use super::split::{self, Shared};

/// How one operand of a batch of products lies: the distance between batches, rows and columns, in elements.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Between two matrices of the batch; 0 uses the same one again.
    pub batch: usize,
    /// Between two rows of op(x).
    pub row: usize,
    /// Between two columns of op(x).
    pub column: usize,
}

impl Layout {
    /// A dense batch of `rows` × `columns` matrices, seen transposed if asked for.
    pub fn dense(rows: usize, columns: usize, transposed: bool, batches: usize) -> Self {
        let batch = if batches == 1 { 0 } else { rows * columns };
        let (row, column) = if transposed {
            (1, columns)
        } else {
            (columns, 1)
        };
        Self { batch, row, column }
    }
}

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

/// A `finish` that leaves the result as it is.
pub fn as_it_is(_row: usize, _columns: std::ops::Range<usize>, _values: &mut [f32]) {}

/// c[i] = op(a[i]) op(b[i]) + bias + addend[i] for each i below `batches`; c and the addend are dense, m × n. Without terms (k = 0) c is what
/// is added, or 0.
#[allow(clippy::too_many_arguments)]
pub fn batched(
    batches: usize,
    (m, n, k): (usize, usize, usize),
    (a, at): (&[f32], Layout),
    (b, bt): (&[f32], Layout),
    (bias, addend): (Option<&[f32]>, Option<&[f32]>),
    precision: Precision,
    c: &mut [f32],
) {
    if c.is_empty() {
        return;
    }
    let last = |t: Layout, rows: usize, columns: usize| {
        (batches - 1) * t.batch + (rows - 1) * t.row + (columns - 1) * t.column
    };
    assert!(k == 0 || (last(at, m, k) < a.len() && last(bt, k, n) < b.len()));
    assert!(c.len() == batches * m * n && bias.is_none_or(|bias| bias.len() == n));
    assert!(addend.is_none_or(|addend| addend.len() == c.len()));
    let out = Shared(c.as_mut_ptr());
    let one = |i: usize, parallel: bool| {
        let addend = addend.map(|addend| &addend[i * m * n..]);
        let finish = |row: usize, columns: std::ops::Range<usize>, values: &mut [f32]| {
            add_both((bias, addend), row * n, columns, values);
        };
        let problem = Problem {
            rows: m,
            columns: n,
            depth: k,
            scale: 1.0,
            precision,
            add: false,
            parallel,
        };
        // SAFETY: the assertions above keep the views inside, and each i writes its own part of c.
        unsafe {
            let a = Strided {
                data: a.as_ptr().add(i * at.batch),
                outer: at.row,
                depth: at.column,
            };
            let b = Strided {
                data: b.as_ptr().add(i * bt.batch),
                outer: bt.column,
                depth: bt.row,
            };
            product(problem, a, b, (out.at(i * m * n), n), &finish);
        }
    };
    // Many small products run beside each other; few large ones one after another on all threads.
    if batches >= 8 {
        split::each(batches, m * n * k, |i| one(i, false));
    } else {
        (0..batches).for_each(|i| one(i, m * n * k > split::GRAIN));
    }
}

/// Adds a bias, and the part of an addend whose row begins at `start`, to a part of a row.
fn add_both(
    (bias, addend): (Option<&[f32]>, Option<&[f32]>),
    start: usize,
    columns: std::ops::Range<usize>,
    values: &mut [f32],
) {
    if let Some(bias) = bias {
        add(values, &bias[columns.clone()]);
    }
    if let Some(addend) = addend {
        add(values, &addend[start..][columns]);
    }
}

super::simd! {
    fn add(values: &mut [f32], other: &[f32]) {
        for (v, &o) in values.iter_mut().zip(other) {
            *v += o;
        }
    }
}
