//! Products with a matrix that is held in fewer bits: its panels are expanded while they are packed.

use super::super::frozen::Frozen;
use super::super::split;
use super::after::After;
use super::chosen::product;
use super::drive::Problem;
use super::isa::{Columns, Isa, Precision, Strided};
use super::scratch::own;

/// A dense matrix seen as the columns of b.
#[derive(Clone, Copy)]
struct Held<'a> {
    numbers: Frozen<'a>,
    /// Numbers between two columns.
    outer: usize,
    /// Numbers between two terms; one of both is 1.
    depth: usize,
}

impl Columns for Held<'_> {
    fn in_place(self) -> Option<Strided> {
        None
    }

    unsafe fn pack<I: Isa>(
        self,
        (first, count): (usize, usize),
        (term, depth): (usize, usize),
        to: *mut f32,
    ) {
        let along = self.depth == 1;
        let (lines, length) = if along {
            (count, depth)
        } else {
            (depth, count)
        };
        let step = if along { self.outer } else { self.depth };
        let start = first * self.outer + term * self.depth;
        own(lines * length, |memory| {
            // SAFETY: the memory has room for all lines, and a panel of them is what is packed.
            unsafe {
                let expanded = std::slice::from_raw_parts_mut(memory, lines * length);
                for (line, out) in expanded.chunks_exact_mut(length).enumerate() {
                    self.numbers.expand(start + line * step, out);
                }
                let from = Strided {
                    data: memory,
                    outer: if along { length } else { 1 },
                    depth: if along { 1 } else { length },
                };
                I::pack(from, count, depth, I::COLUMNS, to);
            }
        });
    }
}

/// c = a op(b), and what comes after it, with b dense, k × n or its transpose, in fewer bits; a (m × k) and c (m × n) are dense. The same bits
/// as the product with the expanded matrix. Panics if sizes do not fit.
pub fn times_frozen(
    (m, n, k): (usize, usize, usize),
    a: &[f32],
    (b, transposed): (Frozen<'_>, bool),
    after: After<'_>,
    precision: Precision,
    c: &mut [f32],
) {
    assert!(a.len() == m * k && b.count() == k * n && c.len() == m * n);
    after.check(c.len(), n);
    let (outer, depth) = if transposed { (k, 1) } else { (1, n) };
    let columns = Held {
        numbers: b,
        outer,
        depth,
    };
    let problem = Problem {
        rows: m,
        columns: n,
        depth: k,
        precision,
        scale: 1.0,
        add: false,
        parallel: m * n * k > split::GRAIN,
    };
    let left = Strided {
        data: a.as_ptr(),
        outer: k,
        depth: 1,
    };
    let finish = |row: usize, columns: std::ops::Range<usize>, values: &mut [f32]| {
        after.apply(row * n, columns, values);
    };
    // SAFETY: the assertions above keep the operands inside.
    unsafe { product(problem, left, columns, (c.as_mut_ptr(), n), &finish) }
}
