//! Reduction to bidiagonal form, A = P B Qᵀ (Golub and Kahan 1965, doi:10.1137/0702016).
//!
//! Columns and rows are reduced in panels, and what lies behind a panel is updated once for all of it by one product: Dongarra,
//! Sorensen and Hammarling 1989, doi:10.1016/0377-0427(89)90367-1. The symbols are theirs: A = A₀ − U Yᵀ − X Vᵀ inside a panel. The two
//! products of each step with A₀, with a column and then with the row that comes out of it, read A₀ once: Howell, Demmel, Fulton,
//! Hammarling and Marmol 2008, doi:10.1145/1356052.1356055.

use rayon::prelude::*;

use super::columns::Columns;
use super::reflectors::{Reflectors, reflect};
use super::vectors::{add, dots};
use crate::kernels::gemm::{self, Precision, Problem, Strided};
use crate::linalg::PARTS;
use crate::{Result, Task};

/// Columns of a panel.
const PANEL: usize = 32;

/// Columns of A₀ that stay in the cache between the two products.
const GROUP: usize = 16;

/// Norm below which products with a row lose digits to underflow, and are made with its direction.
const SHORT: f64 = 1e-18;

/// Elements of A₀ below which threads cost more than they save.
const ALONE: usize = 1 << 15;

/// P, B and Q, without P and Q if they were not asked for.
pub(super) struct Bidiagonal {
    /// n elements of B's diagonal.
    pub diagonal: Vec<f64>,
    /// n − 1 elements above it, and a zero.
    pub above: Vec<f64>,
    pub vectors: Option<(Reflectors, Reflectors)>,
}

/// Reduces a matrix of unit scale.
pub(super) fn reduce(mut a: Columns, vectors: bool, task: &Task) -> Result<Bidiagonal> {
    let (m, n) = (a.rows, a.columns);
    let mut result = Bidiagonal {
        diagonal: vec![0.0; n],
        above: vec![0.0; n],
        vectors: vectors.then(|| {
            (
                Reflectors::new(n, m, 0),
                Reflectors::new(n.max(1) - 1, n, 1),
            )
        }),
    };
    let mut panel = Panel::new(m, n);
    for start in (0..n).step_by(PANEL) {
        let width = PANEL.min(n - start);
        for step in 0..width {
            task.check()?;
            panel.reduce(&a, start + step, step, &mut result);
        }
        let next = start + width;
        if next < n {
            panel.update(&mut a, next, 2 * width);
        }
    }
    Ok(result)
}

/// The vectors of a panel, in pairs: U₀, X₀, U₁, X₁, … and Y₀, V₀, Y₁, V₁, …
struct Panel {
    m: usize,
    n: usize,
    ux: Vec<f32>,
    yv: Vec<f32>,
    /// A₀ times a row, in parts.
    products: Vec<f32>,
}

impl Panel {
    fn new(m: usize, n: usize) -> Self {
        Self {
            m,
            n,
            ux: vec![0.0; 2 * PANEL * m],
            yv: vec![0.0; 2 * PANEL * n],
            products: vec![0.0; PARTS * m],
        }
    }

    /// Reduces column c, then row c: the pair `step` of this panel.
    fn reduce(&mut self, a: &Columns, c: usize, step: usize, result: &mut Bidiagonal) {
        let (m, n, known) = (self.m, self.n, 2 * step);
        let (ux, rest) = self.ux.split_at_mut(known * m);
        let u = &mut rest[c..m];
        u.copy_from_slice(&a.data[c * m + c..(c + 1) * m]);
        let ux = Vectors::new(ux, m, c);
        let (yv, rest) = self.yv.split_at_mut(known * n);
        ux.subtract(&Vectors::new(yv, n, c).firsts(), u);
        let left = reflect(u);
        result.diagonal[c] = f64::from(left.beta);
        if let Some((reflectors, _)) = &mut result.vectors {
            reflectors.set(c, u, left.tau);
        }
        if c + 1 == n {
            return;
        }
        let pass = Pass {
            a,
            c,
            u,
            tau: left.tau,
            yv,
            along_u: ux.dots(u),
            along_row: ux.firsts(),
        };
        let (y, r) = rest.split_at_mut(n);
        let r = &mut r[c + 1..n];
        pass.run(&mut y[c + 1..], r, &mut self.products);
        let right = reflect(r);
        let v = &self.yv[(known + 1) * n + c + 1..(known + 2) * n];
        result.above[c] = f64::from(right.beta);
        if let Some((_, reflectors)) = &mut result.vectors {
            reflectors.set(c, v, right.tau);
        }
        let (ux, rest) = self.ux.split_at_mut((known + 1) * m);
        let x = &mut rest[c + 1..m];
        if right.tau == 0.0 {
            x.fill(0.0);
            return;
        }
        let columns = &a.data[(c + 1) * m + c + 1..];
        if right.head.abs() < SHORT {
            x.fill(0.0);
            add(columns, m, v, x);
        } else {
            // v is (row − β e₁) / head, and so is its product.
            let (beta, factor) = (f64::from(right.beta), 1.0 / right.head);
            for ((x, &product), &first) in x.iter_mut().zip(&self.products[c + 1..m]).zip(columns) {
                *x = ((f64::from(product) - beta * f64::from(first)) * factor) as f32;
            }
        }
        let along_v = Vectors::new(&self.yv[..(known + 1) * n], n, c + 1).dots(v);
        Vectors::new(ux, m, c + 1).subtract(&along_v, x);
        x.iter_mut().for_each(|x| *x *= right.tau);
    }

    /// A₀ ← A₀ − U Yᵀ − X Vᵀ for rows and columns from `next` on.
    fn update(&self, a: &mut Columns, next: usize, terms: usize) {
        let (m, n) = (self.m, self.n);
        // Columns lie where rows of the transpose would.
        let problem = Problem {
            rows: n - next,
            columns: m - next,
            depth: terms,
            precision: Precision::F32,
            scale: -1.0,
            add: true,
            parallel: true,
        };
        let operand = |vectors: &[f32], length: usize| Strided {
            data: vectors[next..].as_ptr(),
            outer: 1,
            depth: length,
        };
        let target = a.data[next * m + next..].as_mut_ptr();
        // SAFETY: each vector has `length` elements, and the target ends with the last element of A.
        unsafe {
            gemm::product(
                problem,
                operand(&self.yv, n),
                operand(&self.ux, m),
                (target, m),
                &gemm::as_it_is,
            )
        };
    }
}

/// Elements from `from` on of vectors that are `length` long.
#[derive(Clone, Copy)]
struct Vectors<'a> {
    data: &'a [f32],
    length: usize,
    from: usize,
}

impl<'a> Vectors<'a> {
    fn new(data: &'a [f32], length: usize, from: usize) -> Self {
        Self { data, length, from }
    }

    fn count(&self) -> usize {
        self.data.len() / self.length
    }

    /// The first element of each.
    fn firsts(&self) -> Vec<f32> {
        (0..self.count())
            .map(|k| self.data[k * self.length + self.from])
            .collect()
    }

    fn dots(&self, x: &[f32]) -> Vec<f32> {
        let mut result = vec![0.0; self.count()];
        if !result.is_empty() {
            dots(&self.data[self.from..], self.length, x, &mut result);
        }
        result
    }

    /// x ← x − Σ factor · vector.
    fn subtract(&self, factors: &[f32], x: &mut [f32]) {
        let negated: Vec<f32> = factors.iter().map(|factor| -factor).collect();
        if !negated.is_empty() {
            add(&self.data[self.from..], self.length, &negated, x);
        }
    }
}

/// What turns column c's reflection into row c and its product with A₀, reading A₀ once.
struct Pass<'a> {
    a: &'a Columns,
    c: usize,
    u: &'a [f32],
    tau: f32,
    /// The pairs before.
    yv: &'a [f32],
    /// Uᵀ u and Xᵀ u, in pairs.
    along_u: Vec<f32>,
    /// Row c of U and X, in pairs.
    along_row: Vec<f32>,
}

impl Pass<'_> {
    /// y ← τ Aᵀ u and r ← the row without it, both from column c + 1 on, and the first m of `products` ← A₀ r, from row c + 1 on.
    fn run(&self, y: &mut [f32], r: &mut [f32], products: &mut [f32]) {
        let (m, from) = (self.a.rows, self.c + 1);
        // The parts depend on the shape alone, and so do the sums over them.
        let size = y.len().div_ceil(PARTS).next_multiple_of(GROUP);
        let parts = y.len().div_ceil(size);
        let products = &mut products[..parts * m];
        if y.len() * (m - from) < ALONE {
            let parts = y.chunks_mut(size).zip(r.chunks_mut(size));
            for (at, ((y, r), product)) in parts.zip(products.chunks_mut(m)).enumerate() {
                self.part(from + at * size, y, r, &mut product[from..]);
            }
        } else {
            y.par_chunks_mut(size)
                .zip(r.par_chunks_mut(size))
                .zip(products.par_chunks_mut(m))
                .enumerate()
                .for_each(|(at, ((y, r), product))| {
                    self.part(from + at * size, y, r, &mut product[from..]);
                });
        }
        let (sum, others) = products.split_at_mut(m);
        if parts > 1 {
            add(
                &others[from..],
                m,
                &[1.0; PARTS][..parts - 1],
                &mut sum[from..],
            );
        }
    }

    /// The columns of one part, from `start` on.
    fn part(&self, start: usize, y: &mut [f32], r: &mut [f32], product: &mut [f32]) {
        let (m, c) = (self.a.rows, self.c);
        let pairs = Vectors::new(self.yv, self.a.columns, start);
        y.fill(0.0);
        pairs.subtract(&self.along_u, y);
        r.fill(0.0);
        pairs.subtract(&self.along_row, r);
        product.fill(0.0);
        for (at, (y, r)) in y.chunks_mut(GROUP).zip(r.chunks_mut(GROUP)).enumerate() {
            let columns = &self.a.data[(start + at * GROUP) * m + c..];
            let mut along = [0.0; GROUP];
            let along = &mut along[..y.len()];
            dots(columns, m, self.u, along);
            for (k, along) in along.iter().enumerate() {
                y[k] = self.tau * (y[k] + along);
                r[k] += columns[k * m] - y[k];
            }
            add(&columns[1..], m, r, product);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::testing::{normal, product, relative_error, transposed, wide};
    use crate::linalg::{Matrix, View};

    /// P B Qᵀ in f64, of the f32 matrix whose columns are the rows of `a` (n × m).
    fn check(a: &Matrix<f32>, unit: f64) {
        let (n, m) = (a.rows, a.columns);
        let task = Task::new();
        let view = View::new(n, m, &a.data).unwrap();
        let form = reduce(Columns::of(view), true, &task).unwrap();
        let mut back = Matrix::<f32>::zeros(n, m);
        for at in 0..n {
            back.data[at * m + at] = form.diagonal[at] as f32;
            if at + 1 < n {
                back.data[(at + 1) * m + at] = form.above[at] as f32;
            }
        }
        let (left, right) = form.vectors.unwrap();
        left.apply_to_rows(back.faer_mut(), &task).unwrap();
        let mut back = transposed(&back);
        right.apply_to_rows(back.faer_mut(), &task).unwrap();
        let back = transposed(&back);
        let error = relative_error(&wide(a, unit), &wide(&back, unit));
        assert!(error < 2e-6, "{n}x{m}: {error:e}");
    }

    #[test]
    fn multiplies_back() {
        for (n, m) in [
            (1, 1),
            (1, 9),
            (2, 2),
            (31, 33),
            (70, 70),
            (129, 200),
            (300, 301),
        ] {
            check(&normal::<f32>(n, m, 1), 1.0);
        }
        check(&Matrix::zeros(40, 50), 1.0);
        let low = product(&normal::<f32>(90, 3, 1), &normal::<f32>(3, 120, 2));
        check(&low, 1.0);
    }

    #[test]
    fn rows_of_every_size_keep_their_digits() {
        let mut graded = normal::<f32>(80, 80, 1);
        for (at, value) in graded.data.iter_mut().enumerate() {
            *value *= 10.0f32.powi(-((at % 80) as i32) / 4);
        }
        check(&graded, 1.0);
    }
}
