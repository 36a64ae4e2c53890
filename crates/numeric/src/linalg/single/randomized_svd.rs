//! Randomised SVD in f32, with the steps of the one in f64 but for the form: a basis is kept as the rows of its transpose, so that
//! neither product walks the matrix with a long stride.

use super::columns::Columns;
use super::qr;
use super::svd::svd;
use crate::linalg::decomposition::Options;
use crate::linalg::decomposition::Svd;
use crate::linalg::gemm::multiply_into;
use crate::linalg::{Matrix, View};
use crate::random::Stream;
use crate::{Result, Task};

/// The `options.rank` largest triplets of a matrix of about unit scale.
pub(in crate::linalg) fn randomized_svd(
    a: View<'_, f32>,
    options: &Options,
    task: &Task,
) -> Result<Svd<f32>> {
    let short = a.rows().min(a.columns());
    let width = options.rank.saturating_add(options.oversampling).min(short);
    let wide = a.columns() > a.rows();
    // Of the matrix that is not wide, A or its transpose.
    let forward = |x: &Matrix<f32>| {
        if wide {
            before(x, a, task)
        } else {
            behind(a, x, task)
        }
    };
    let back = |x: &Matrix<f32>| {
        if wide {
            behind(a, x, task)
        } else {
            before(x, a, task)
        }
    };
    let mut omega = Matrix::zeros(width, short);
    let stream = Stream {
        seed: options.seed,
        stream: 0,
    };
    stream.normal(0, &mut omega.data);
    let mut q = basis(forward(&omega)?, task)?;
    for _ in 0..options.power_iterations {
        let z = basis(back(&q)?, task)?;
        q = basis(forward(&z)?, task)?;
    }
    let b = back(&q)?;
    task.advance(1);
    let small = svd(b.view(), true, task)?;
    task.advance(1);
    let (inner, outer) = (small.u.expect("asked for"), small.vt.expect("asked for"));
    let rank = options.rank;
    let inner = inner.view().faer().subcols(0, rank);
    let outer = outer.view().faer().subrows(0, rank);
    let (mut u, vt): (Matrix<f32>, Matrix<f32>);
    if wide {
        let mut rows = Matrix::zeros(rank, a.columns());
        multiply_into(rows.faer_mut(), inner.transpose(), q.view().faer(), task)?;
        (u, vt) = (Matrix::from_faer(outer.transpose()), rows);
    } else {
        u = Matrix::zeros(a.rows(), rank);
        multiply_into(u.faer_mut(), q.view().faer().transpose(), inner, task)?;
        vt = Matrix::from_faer(outer);
    }
    Ok(Svd {
        u: Some(u),
        s: small.s[..rank].to_vec(),
        vt: Some(vt),
    })
}

/// (A Xᵀ)ᵀ, of the rows of X.
fn behind(a: View<'_, f32>, x: &Matrix<f32>, task: &Task) -> Result<Matrix<f32>> {
    let mut product = Matrix::zeros(a.rows(), x.rows);
    let factor = x.view().faer().transpose();
    multiply_into(product.faer_mut(), a.faer(), factor, task)?;
    Ok(Matrix::from_faer(product.view().faer().transpose()))
}

/// X A.
fn before(x: &Matrix<f32>, a: View<'_, f32>, task: &Task) -> Result<Matrix<f32>> {
    let mut product = Matrix::zeros(x.rows, a.columns());
    multiply_into(product.faer_mut(), x.view().faer(), a.faer(), task)?;
    Ok(product)
}

/// Orthonormal rows that span those of `x`, of which there are no more than columns.
fn basis(x: Matrix<f32>, task: &Task) -> Result<Matrix<f32>> {
    let (count, length) = (x.rows, x.columns);
    let columns = Columns {
        rows: length,
        columns: count,
        data: x.data,
    };
    let factors = qr::factor(columns, task)?;
    let mut q = Matrix::zeros(count, length);
    for at in 0..count {
        q.data[at * length + at] = 1.0;
    }
    factors.q.apply_to_rows(q.faer_mut(), task)?;
    task.advance(1);
    Ok(q)
}
