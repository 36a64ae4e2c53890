//! Matrix products, single and batched, in f32 with fused multiply-add: each sum runs over its terms in order, in blocks whose size
//! depends on the number of terms alone, so that every processor that has the instruction gives the same bits, on any number of threads.

mod after;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_bf16;
mod chosen;
mod drive;
mod frozen;
mod isa;
mod plain;
mod rounded;
mod scratch;

#[cfg(test)]
mod tests;

pub use after::After;
pub use chosen::product;
pub use drive::{Finish, Problem};
pub use frozen::times_frozen;
pub(super) use isa::Line;
pub use isa::{Columns, Precision, Strided};
pub(super) use scratch::SharedScratch;

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

/// A `finish` that leaves the result as it is.
pub fn as_it_is(_row: usize, _columns: std::ops::Range<usize>, _values: &mut [f32]) {}

/// c[i] = op(a[i]) op(b[i]) for each i below `batches`, and what comes after it; c is dense, m × n. Without terms (k = 0) the sums are 0.
#[allow(clippy::too_many_arguments)]
pub fn batched(
    batches: usize,
    (m, n, k): (usize, usize, usize),
    (a, at): (&[f32], Layout),
    (b, bt): (&[f32], Layout),
    after: After<'_>,
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
    assert_eq!(c.len(), batches * m * n);
    after.check(c.len(), n);
    let out = Shared(c.as_mut_ptr());
    let one = |i: usize, parallel: bool| {
        let after = after.from(i * m * n);
        let finish = |row: usize, columns: std::ops::Range<usize>, values: &mut [f32]| {
            after.apply(row * n, columns, values);
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
