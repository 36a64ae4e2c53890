//! Randomised SVD. Halko, Martinsson, Tropp 2011, arXiv:0909.4061.
//!
//! The range of A is found by algorithm 4.4 (subspace iteration, orthonormalised after every product), the decomposition by
//! algorithm 5.1. A wide matrix is treated as its transpose, so that the small factor is always on the shorter side.

use faer::{Mat, MatRef};

pub use super::decomposition::Options;
use super::gemm::multiply_into;
use super::qr::Factors;
use super::scale::{Near, scaled, unscale};
use super::svd::{self, Svd, Vectors};
use super::{Matrix, Precision, Scalar, View, single};
use crate::random::Stream;
use crate::{Error, Reason, Result, Task};

/// The `rank` largest triplets of `a` (m × n), approximately: u is m × k, s has k values, vt is k × n.
pub fn decompose<T: Scalar>(a: View<'_, T>, options: Options, task: &Task) -> Result<Svd<T>> {
    let short = a.rows().min(a.columns());
    if options.rank == 0 || options.rank > short {
        return Err(Error::new(
            Reason::OutOfRange,
            format!(
                "rank {} of a {}x{} matrix",
                options.rank,
                a.rows(),
                a.columns()
            ),
        ));
    }
    task.set_total(2 * options.power_iterations as u64 + 3);
    if options.precision == Precision::F32
        && let Some(a) = a.as_f32()
    {
        let input = Near::of(a)?;
        let mut result = single::randomized_svd(input.view(), &options, task)?;
        unscale(&mut result.s, input.exponent);
        return Ok(svd::of_f32(result));
    }
    let input = scaled(a)?;
    let matrix = input.matrix.view().faer();
    let wide = a.columns() > a.rows();
    let tall = if wide { matrix.transpose() } else { matrix };
    let mut result = factor(tall, &options, task)?;
    unscale(&mut result.s, input.exponent);
    if wide {
        (result.u, result.vt) = (transposed(result.vt), transposed(result.u));
    }
    Ok(result)
}

fn factor<T: Scalar>(a: MatRef<'_, T>, options: &Options, task: &Task) -> Result<Svd<T>> {
    let q = range(a, options, task)?;
    // B = Qᵀ A is short and wide; its transpose comes out of one product with the long rows of A.
    let mut bt = Mat::<T>::zeros(a.ncols(), q.ncols());
    multiply_into(bt.as_mut(), a.transpose(), q.as_ref(), task)?;
    task.advance(1);
    let small = svd::in_f64(bt.transpose(), Vectors::Thin, task)?;
    task.advance(1);
    let (Some(inner), Some(vt)) = (small.u, small.vt) else {
        unreachable!("vectors were asked for");
    };
    let rank = options.rank;
    let mut u = Mat::<T>::zeros(a.nrows(), rank);
    let inner = inner.view().faer().subcols(0, rank);
    multiply_into(u.as_mut(), q.as_ref(), inner, task)?;
    Ok(Svd {
        u: Some(Matrix::from_faer(u.as_ref())),
        s: small.s[..rank].to_vec(),
        vt: Some(Matrix::from_faer(vt.view().faer().subrows(0, rank))),
    })
}

/// Algorithm 4.4: an orthonormal basis (m × l) of an approximate range.
fn range<T: Scalar>(a: MatRef<'_, T>, options: &Options, task: &Task) -> Result<Mat<T>> {
    let width = options
        .rank
        .saturating_add(options.oversampling)
        .min(a.ncols());
    let mut omega = Matrix::<T>::zeros(a.ncols(), width);
    let stream = Stream {
        seed: options.seed,
        stream: 0,
    };
    stream.normal(0, &mut omega.data);
    let mut q = orthonormal_product(a, omega.view().faer(), task)?;
    for _ in 0..options.power_iterations {
        let z = orthonormal_product(a.transpose(), q.as_ref(), task)?;
        q = orthonormal_product(a, z.as_ref(), task)?;
    }
    Ok(q)
}

fn orthonormal_product<T: Scalar>(
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    task: &Task,
) -> Result<Mat<T>> {
    let mut product = Mat::<T>::zeros(a.nrows(), b.ncols());
    multiply_into(product.as_mut(), a, b, task)?;
    let q = Factors::new(product.as_ref(), task)?.q(task)?;
    task.advance(1);
    Ok(q)
}

fn transposed<T: Scalar>(matrix: Option<Matrix<T>>) -> Option<Matrix<T>> {
    matrix.map(|matrix| Matrix::from_faer(matrix.view().faer().transpose()))
}
