//! Singular value decomposition by way of a bidiagonal matrix.

use super::bidiagonal::{Bidiagonal, reduce};
use super::bisection;
use super::columns::{Columns, is_transposed};
use super::qr::{self, Qr};
use super::reflectors::Reflectors;
use super::triplets::{Triplets, triplets};
use crate::linalg::decomposition::Svd;
use crate::linalg::{Matrix, View};
use crate::{Result, Task};

/// Rows per column from which on the R of a QR decomposition is reduced, and not the matrix: as LAPACK's gesdd does.
const TALL: f64 = 11.0 / 6.0;

/// Columns this many elements apart take the same lines of a cache.
const SAME_LINES: usize = 1024;

/// Elements of a line of a cache.
const LINE: usize = 16;

/// Decomposes a matrix of about unit scale: the thin vectors, or none. Neither side is empty.
pub(in crate::linalg) fn svd(a: View<'_, f32>, vectors: bool, task: &Task) -> Result<Svd<f32>> {
    let columns = Columns::of(a);
    let length = columns.rows;
    let (square, q) = if length as f64 >= TALL * columns.columns as f64 {
        // Rows of zeros change nothing but Q.
        let apart = vectors || !length.is_multiple_of(SAME_LINES);
        let columns = if apart { columns } else { columns.longer(LINE) };
        let Qr { q, r } = qr::factor(columns, task)?;
        (r, Some(q))
    } else {
        (columns, None)
    };
    let height = square.rows;
    let form = reduce(square, vectors, task)?;
    if !vectors {
        return Ok(Svd {
            u: None,
            s: narrow(&bisection::values(&form, task)?),
            vt: None,
        });
    }
    let Triplets { s, mut u, mut v } = triplets(&form, length, task)?;
    turn(form, (&mut u, height), &mut v, task)?;
    if let Some(q) = q {
        q.apply_to_rows(u.by_rows_mut(), task)?;
    }
    let as_rows = |side: Columns| Matrix {
        rows: side.columns,
        columns: side.rows,
        data: side.data,
    };
    let as_columns = |side: &Columns| Matrix::from_faer(side.by_rows().transpose());
    let (u, vt) = if is_transposed(a) {
        (as_columns(&v), as_rows(u))
    } else {
        (as_columns(&u), as_rows(v))
    };
    Ok(Svd {
        u: Some(u),
        s: narrow(&s),
        vt: Some(vt),
    })
}

/// From the vectors of the bidiagonal matrix to those of the one (height × n) that it came from.
fn turn(
    form: Bidiagonal,
    (u, height): (&mut Columns, usize),
    v: &mut Columns,
    task: &Task,
) -> Result<()> {
    let (left, right): (Reflectors, Reflectors) = form.vectors.expect("they were asked for");
    left.apply_to_rows(u.by_rows_mut().subcols_mut(0, height), task)?;
    right.apply_to_rows(v.by_rows_mut(), task)
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}
