//! Randomised SVD in f32, with the steps of the one in f64 but for the form: a basis is kept as the rows of its transpose, so that
//! both products have few rows, and A is read once, where it lies.

use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, MatRef, Par};

use super::columns::Columns;
use super::qr;
use super::svd::svd;
use crate::linalg::cholesky;
use crate::linalg::decomposition::Options;
use crate::linalg::decomposition::Svd;
use crate::linalg::gemm::multiply_into;
use crate::linalg::scale::scaled_evenly;
use crate::linalg::{Matrix, View};
use crate::random::Stream;
use crate::{Reason, Result, Task};

/// The `options.rank` largest triplets of a matrix of about unit scale.
pub(in crate::linalg) fn randomized_svd(
    a: View<'_, f32>,
    options: &Options,
    task: &Task,
) -> Result<Svd<f32>> {
    let short = a.rows().min(a.columns());
    let width = options.rank.saturating_add(options.oversampling).min(short);
    let wide = a.columns() > a.rows();
    // The transpose of the one of A and Aᵀ that is not wide.
    let a_wide = if wide { a.faer() } else { a.faer().transpose() };
    let forward = |x: &Matrix<f32>| product(x, a_wide, task);
    let back = |x: &Matrix<f32>| product(x, a_wide.transpose(), task);
    let mut omega = Matrix::zeros(width, short);
    let stream = Stream {
        seed: options.seed,
        stream: 0,
    };
    stream.normal(0, &mut omega.data);
    let mut q = forward(&omega)?;
    for _ in 0..options.power_iterations {
        q = back(&well_conditioned(q, task)?)?;
        q = forward(&well_conditioned(q, task)?)?;
    }
    let q = basis(q, task)?;
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

/// X A.
fn product(x: &Matrix<f32>, a: MatRef<'_, f32>, task: &Task) -> Result<Matrix<f32>> {
    let mut product = Matrix::zeros(x.rows, a.ncols());
    multiply_into(product.faer_mut(), x.view().faer(), a, task)?;
    Ok(product)
}

/// Pivots of X Xᵀ whose ratio is no smaller leave more than half the digits to L⁻¹ X.
const LEAST_PIVOT: f64 = 1e-4;

/// Rows that span those of `x`, for the next product: nearly orthonormal by the factor of X Xᵀ = L Lᵀ (Stathopoulos and Wu 2002,
/// doi:10.1137/S1064827500370883) where that is well conditioned, which costs two small products; orthonormal elsewhere.
fn well_conditioned(x: Matrix<f32>, task: &Task) -> Result<Matrix<f32>> {
    let count = x.rows;
    let mut gram = Matrix::zeros(count, count);
    multiply_into(
        gram.faer_mut(),
        x.view().faer(),
        x.view().faer().transpose(),
        task,
    )?;
    let gram = Matrix {
        rows: count,
        columns: count,
        data: gram.data.into_iter().map(f64::from).collect(),
    };
    let Some(inverse) = inverse_factor(&gram, task)? else {
        return basis(x, task);
    };
    task.advance(1);
    product(&inverse, x.view().faer(), task)
}

/// L⁻¹ of L Lᵀ, if its pivots allow it.
fn inverse_factor(gram: &Matrix<f64>, task: &Task) -> Result<Option<Matrix<f32>>> {
    let scaled = scaled_evenly(gram.view())?;
    let l = match cholesky::factor(&scaled.matrix, task) {
        Err(error) if error.reason == Reason::Singular => return Ok(None),
        l => l?,
    };
    let pivots = (0..gram.rows).map(|at| l[(at, at)] * l[(at, at)]);
    let (least, most) = pivots.fold((f64::INFINITY, 0.0f64), |(least, most), pivot| {
        (least.min(pivot), most.max(pivot))
    });
    if least < most * LEAST_PIVOT {
        return Ok(None);
    }
    let mut inverse = Mat::<f64>::identity(gram.rows, gram.rows);
    solve_lower_triangular_in_place(l.as_ref(), inverse.as_mut(), Par::Seq);
    let unit = 2.0f64.powi(-scaled.exponent / 2);
    let mut narrow = Matrix::zeros(gram.rows, gram.rows);
    for (at, value) in narrow.data.iter_mut().enumerate() {
        *value = (inverse[(at / gram.rows, at % gram.rows)] * unit) as f32;
    }
    Ok(Some(narrow))
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
