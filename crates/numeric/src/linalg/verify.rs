//! A check of finished decompositions.
//!
//! faer 0.24's divide and conquer now and then returns one wrong root of a secular equation: 256 × 256 of rank 86 plus rounding
//! noise gave a residual of 5e-4 with orthonormal vectors and no error. So A − U Σ Vᵀ is applied to a few random vectors, which
//! costs four matrix-vector products, and a decomposition that fails is computed again in another way.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef};

use super::{Scalar, parallelism};
use crate::random::Stream;

/// Random vectors: each sees an error of norm e as e times a normal number, so four miss one 100 times the tolerance with a
/// probability of 1e-8 at most.
const PROBES: usize = 4;

/// Units in the last place, relative to ‖A‖: above every sound decomposition, far below a wrong root.
const TOLERANCE: f64 = 200.0;

/// Whether a = u · diag(s) · vᵀ to working precision.
pub(crate) fn reproduces<T: Scalar>(
    a: MatRef<'_, T>,
    u: MatRef<'_, T>,
    s: &[T],
    v: MatRef<'_, T>,
) -> bool {
    let size = s.len();
    let mut x = Mat::<T>::zeros(a.ncols(), PROBES);
    for probe in 0..PROBES {
        let stream = Stream {
            seed: 0,
            stream: probe as u64,
        };
        let mut values = vec![T::default(); a.ncols()];
        stream.normal(0, &mut values);
        for (row, value) in values.into_iter().enumerate() {
            x[(row, probe)] = value;
        }
    }
    let direct = product(a, x.as_ref());
    let mut inner = product(v.subcols(0, size).transpose(), x.as_ref());
    for probe in 0..PROBES {
        for (row, value) in s.iter().enumerate() {
            inner[(row, probe)] *= *value;
        }
    }
    let through = product(u.subcols(0, size), inner.as_ref());
    let limit = TOLERANCE * T::EPSILON * frobenius(a);
    (0..PROBES).all(|probe| {
        let pairs = direct.col(probe).iter().zip(through.col(probe).iter());
        let squares = pairs.map(|(a, b)| (a.widen() - b.widen()).powi(2));
        squares.sum::<f64>().sqrt() <= limit
    })
}

fn product<T: Scalar>(a: MatRef<'_, T>, b: MatRef<'_, T>) -> Mat<T> {
    let mut result = Mat::<T>::zeros(a.nrows(), b.ncols());
    matmul(
        result.as_mut(),
        Accum::Replace,
        a,
        b,
        T::one_impl(),
        parallelism(),
    );
    result
}

fn frobenius<T: Scalar>(a: MatRef<'_, T>) -> f64 {
    let squares = (0..a.nrows()).map(|row| {
        a.row(row)
            .iter()
            .map(|value| value.widen() * value.widen())
            .sum::<f64>()
    });
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::svd::{Vectors, decompose};
    use super::super::testing::{normal, transposed};
    use super::*;
    use crate::Task;

    #[test]
    fn a_wrong_value_is_seen() {
        let a = normal::<f64>(60, 40, 1);
        let svd = decompose(a.view(), Vectors::Thin, &Task::new()).unwrap();
        let (u, v, mut s) = (svd.u.unwrap(), transposed(&svd.vt.unwrap()), svd.s);
        let check = |s: &[f64]| reproduces(a.view().faer(), u.view().faer(), s, v.view().faer());
        assert!(check(&s));
        s[30] *= 1.0 + 1e-9;
        assert!(!check(&s));
    }
}
