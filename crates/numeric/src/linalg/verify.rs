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

/// Whether aᵀ a is the identity, by the root mean square of (aᵀ a − I) x over random vectors: about ‖aᵀ a − I‖ / ‖I‖.
pub(crate) fn is_orthonormal<T: Scalar>(a: MatRef<'_, T>, tolerance: f64) -> bool {
    let x = probes::<T>(a.ncols());
    let back = product(a.transpose(), product(a, x.as_ref()).as_ref());
    let (mut error, mut norm) = (0.0, 0.0);
    for probe in 0..PROBES {
        for (back, x) in back.col(probe).iter().zip(x.col(probe).iter()) {
            error += (back.widen() - x.widen()).powi(2);
            norm += x.widen().powi(2);
        }
    }
    error <= tolerance * tolerance * norm
}

/// Whether ‖a − u · diag(s) · vᵀ‖ ≤ tolerance ‖a‖.
pub(crate) fn reproduces<T: Scalar>(
    a: MatRef<'_, T>,
    u: MatRef<'_, T>,
    s: &[T],
    v: MatRef<'_, T>,
    tolerance: f64,
) -> bool {
    let size = s.len();
    let x = probes::<T>(a.ncols());
    let direct = product(a, x.as_ref());
    let mut inner = product(v.subcols(0, size).transpose(), x.as_ref());
    for probe in 0..PROBES {
        for (row, value) in s.iter().enumerate() {
            inner[(row, probe)] *= *value;
        }
    }
    let through = product(u.subcols(0, size), inner.as_ref());
    let limit = tolerance * frobenius(a);
    (0..PROBES).all(|probe| {
        let pairs = direct.col(probe).iter().zip(through.col(probe).iter());
        let squares = pairs.map(|(a, b)| (a.widen() - b.widen()).powi(2));
        squares.sum::<f64>().sqrt() <= limit
    })
}

fn probes<T: Scalar>(length: usize) -> Mat<T> {
    let mut x = Mat::<T>::zeros(length, PROBES);
    for probe in 0..PROBES {
        let stream = Stream {
            seed: 0,
            stream: probe as u64,
        };
        let mut values = vec![T::default(); length];
        stream.normal(0, &mut values);
        for (row, value) in values.into_iter().enumerate() {
            x[(row, probe)] = value;
        }
    }
    x
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
    use super::super::Precision;
    use super::super::svd::{Vectors, decompose};
    use super::super::testing::{normal, transposed};
    use super::*;
    use crate::Task;

    #[test]
    fn a_wrong_value_is_seen() {
        let a = normal::<f64>(60, 40, 1);
        let svd = decompose(a.view(), Vectors::Thin, Precision::F64, &Task::new()).unwrap();
        let (u, v, mut s) = (svd.u.unwrap(), transposed(&svd.vt.unwrap()), svd.s);
        let check = |s: &[f64]| {
            let (a, u, v) = (a.view().faer(), u.view().faer(), v.view().faer());
            reproduces(a, u, s, v, 200.0 * f64::EPSILON)
        };
        assert!(check(&s));
        s[30] *= 1.0 + 1e-9;
        assert!(!check(&s));
    }

    #[test]
    fn vectors_that_are_not_orthonormal_are_seen() {
        let a = normal::<f64>(60, 40, 2);
        let mut q = crate::linalg::qr::decompose(a.view(), &Task::new())
            .unwrap()
            .q;
        assert!(is_orthonormal(q.view().faer(), 1e-14));
        // Columns 1e-6 too long: QᵀQ − I is 2e-6 I.
        q.data.iter_mut().for_each(|value| *value *= 1.0 + 1e-6);
        assert!(is_orthonormal(q.view().faer(), 2.1e-6));
        assert!(!is_orthonormal(q.view().faer(), 1.9e-6));
    }
}
