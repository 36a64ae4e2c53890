//! Matrix products, single and batched.

use gemm::Parallelism;

use super::split::Shared;

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

/// One product of views: c = scale · a b, or added to c. All strides in elements.
///
/// # Safety
/// The views lie inside their allocations, and nothing else uses c meanwhile.
#[allow(clippy::too_many_arguments)]
pub unsafe fn product(
    (m, n, k): (usize, usize, usize),
    a: (*const f32, usize, usize),
    b: (*const f32, usize, usize),
    c: (*mut f32, usize),
    scale: f32,
    add: bool,
    parallelism: Parallelism,
) {
    // SAFETY: the caller's promise.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.0,
            1,
            c.1 as isize,
            add,
            a.0,
            a.2 as isize,
            a.1 as isize,
            b.0,
            b.2 as isize,
            b.1 as isize,
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// c[i] = op(a[i]) op(b[i]) + bias for each i below `batches`; c is dense, m × n. Without terms (k = 0) c is the bias or 0.
#[allow(clippy::too_many_arguments)]
pub fn batched(
    batches: usize,
    (m, n, k): (usize, usize, usize),
    (a, at): (&[f32], Layout),
    (b, bt): (&[f32], Layout),
    bias: Option<&[f32]>,
    c: &mut [f32],
) {
    if c.is_empty() {
        return;
    }
    if let Some(bias) = bias {
        super::split::rows(c, n, |_, part| {
            part.chunks_exact_mut(n)
                .for_each(|row| row.copy_from_slice(bias));
        });
    } else if k == 0 {
        c.fill(0.0);
    }
    if k == 0 {
        return;
    }
    let last = |t: Layout, rows: usize, columns: usize| {
        (batches - 1) * t.batch + (rows - 1) * t.row + (columns - 1) * t.column
    };
    assert!(last(at, m, k) < a.len() && last(bt, k, n) < b.len() && c.len() == batches * m * n);
    let out = Shared(c.as_mut_ptr());
    let one = |i: usize, parallelism: Parallelism| {
        // SAFETY: the assertion above keeps the views inside, and each i writes its own part of c.
        unsafe {
            let (a, b) = (a.as_ptr().add(i * at.batch), b.as_ptr().add(i * bt.batch));
            let c = (out.at(i * m * n), n);
            let (a, b) = ((a, at.row, at.column), (b, bt.row, bt.column));
            product((m, n, k), a, b, c, 1.0, bias.is_some(), parallelism);
        }
    };
    // Many small products run beside each other; few large ones one after another on all threads.
    if batches >= 8 {
        super::split::each(batches, m * n * k, |i| one(i, Parallelism::None));
    } else {
        (0..batches).for_each(|i| one(i, Parallelism::Rayon(0)));
    }
}
