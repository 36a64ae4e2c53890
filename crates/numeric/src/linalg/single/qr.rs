//! QR decomposition by blocked Householder reflections.
//!
//! Panels are reduced column by column, and the columns behind a panel take its reflections as one block: Bischof and Van Loan 1987,
//! doi:10.1137/0908009.

use faer::MatMut;

use super::columns::Columns;
use super::reflectors::{Reflectors, reflect};
use super::vectors::{add, dots};
use crate::{Result, Task};

/// Columns that are reduced one by one before the others see them.
const PANEL: usize = 32;

/// A = Q R, m ≥ n.
pub(super) struct Qr {
    /// Q, m × m, of which the first n columns are the thin one.
    pub q: Reflectors,
    /// The upper triangle of R by columns, n × n.
    pub r: Columns,
}

/// Decomposes a matrix of unit scale.
pub(super) fn factor(mut a: Columns, task: &Task) -> Result<Qr> {
    let (m, n) = (a.rows, a.columns);
    let mut q = Reflectors::new(n, m, 0);
    for start in (0..n).step_by(PANEL) {
        let end = (start + PANEL).min(n);
        for k in start..end {
            task.check()?;
            reduce_column(&mut a, k, end, &mut q);
        }
        if end < n {
            let block = q.block(start, end - start, true, task)?;
            let rest = &mut a.data[end * m..];
            let rest = MatMut::from_row_major_slice_mut(rest, n - end, m);
            block.apply_to_rows(rest.subcols_mut(start, m - start), task)?;
        }
    }
    let mut r = Columns::zeros(n, n);
    for k in 0..n {
        r.data[k * n..=k * n + k].copy_from_slice(&a.data[k * m..=k * m + k]);
    }
    Ok(Qr { q, r })
}

/// Reflects column k, and the columns of its panel up to `end` with it.
fn reduce_column(a: &mut Columns, k: usize, end: usize, q: &mut Reflectors) {
    let m = a.rows;
    let (done, rest) = a.data.split_at_mut((k + 1) * m);
    let column = &mut done[k * m + k..];
    let reflection = reflect(column);
    q.set(k, column, reflection.tau);
    let mut along = [0.0; PANEL];
    let along = &mut along[..end - k - 1];
    if !along.is_empty() {
        dots(&rest[k..], m, column, along);
    }
    for (j, &along) in along.iter().enumerate() {
        let target = &mut rest[j * m + k..(j + 1) * m];
        add(column, m, &[-reflection.tau * along], target);
    }
    column[0] = reflection.beta;
}
