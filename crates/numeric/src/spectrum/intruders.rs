//! Intruder dimensions: singular vectors of a tuned matrix that resemble none of the base's.
//! Shuttleworth et al. 2024, arXiv:2410.21228, section 3.

use super::ranks::{effective_rank, stable_rank};
use crate::linalg::gemm::multiply;
use crate::linalg::svd::{Vectors, decompose};
use crate::linalg::{Matrix, Precision, View};
use crate::{Error, Reason, Result, Task};

/// How the leading left singular vectors of a tuned matrix relate to the base's.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// For each of the leading vectors: its largest |cosine| to any left singular vector of the base.
    pub max_cosines: Vec<f64>,
    /// Ranks of the tuned matrix.
    pub tuned: SmoothRanks,
    /// Ranks of the base.
    pub base: SmoothRanks,
    /// Ranks of tuned − base.
    pub delta: SmoothRanks,
}

/// Ranks of one matrix; `None` when it is zero.
#[derive(Debug, Clone, PartialEq)]
pub struct SmoothRanks {
    /// exp(−Σ p ln p), p = s / Σs.
    pub effective: Option<f64>,
    /// Σs² / max s².
    pub stable: Option<f64>,
}

fn smooth_ranks(singular_values: &[f64]) -> SmoothRanks {
    SmoothRanks {
        effective: effective_rank(singular_values),
        stable: stable_rank(singular_values),
    }
}

/// Compares the first `k` left singular vectors (fewer when the rank is smaller) of `tuned` with all of `base`. Vectors of singular
/// values that are zero up to rounding are arbitrary, so they take no part. Each takes a thin decomposition of its own, the difference
/// one without vectors.
pub fn compare(
    tuned: View<'_, f64>,
    base: View<'_, f64>,
    k: usize,
    task: &Task,
) -> Result<Comparison> {
    if (tuned.rows(), tuned.columns()) != (base.rows(), base.columns()) {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!(
                "{}x{} and {}x{}",
                tuned.rows(),
                tuned.columns(),
                base.rows(),
                base.columns()
            ),
        ));
    }
    task.set_total(3);
    let (values, leading) = left_vectors(tuned, k, task)?;
    task.advance(1);
    let (base_values, all) = left_vectors(base, usize::MAX, task)?;
    task.advance(1);
    let max_cosines = if all.columns == 0 {
        // A base of zeros has no vector that any could resemble.
        vec![0.0; leading.columns]
    } else {
        // A fresh task: the product has its own count of steps.
        let cosines = multiply(leading.view(), true, all.view(), false, &Task::new())?;
        let largest = |row: &[f64]| {
            row.iter()
                .fold(0.0, |best: f64, value| best.max(value.abs()))
        };
        cosines.data.chunks(cosines.columns).map(largest).collect()
    };
    let difference: Vec<f64> = tuned
        .data()
        .iter()
        .zip(base.data())
        .map(|(tuned, base)| tuned - base)
        .collect();
    let difference = View::new(tuned.rows(), tuned.columns(), &difference)?;
    let delta = decompose(difference, Vectors::No, Precision::F64, task)?;
    task.advance(1);
    Ok(Comparison {
        max_cosines,
        tuned: smooth_ranks(&values),
        base: smooth_ranks(&base_values),
        delta: smooth_ranks(&delta.s),
    })
}

/// Singular values and the first `limit` left singular vectors as columns, those of the rank at most.
fn left_vectors(
    matrix: View<'_, f64>,
    limit: usize,
    task: &Task,
) -> Result<(Vec<f64>, Matrix<f64>)> {
    let svd = decompose(matrix, Vectors::Thin, Precision::F64, task)?;
    let u = svd
        .u
        .ok_or_else(|| Error::new(Reason::NoConvergence, "left singular vectors"))?;
    let smallest = svd.s.first().copied().unwrap_or(0.0)
        * matrix.rows().max(matrix.columns()) as f64
        * f64::EPSILON;
    let rank = svd.s.iter().take_while(|value| **value > smallest).count();
    let count = limit.min(rank);
    let mut leading = Matrix::zeros(u.rows, count);
    for row in 0..u.rows {
        let from = row * u.columns;
        leading.data[row * count..][..count].copy_from_slice(&u.data[from..from + count]);
    }
    Ok((svd.s, leading))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_closest_vector_whatever_its_sign() {
        // base = diag(3, 2) on the first two rows: left vectors e1, e2. tuned: left vectors −e2 (5) and (e1 + e3)/√2 (4).
        let half = 0.5_f64.sqrt();
        let base = [3.0, 0.0, 0.0, 2.0, 0.0, 0.0];
        let tuned = [0.0, 4.0 * half, -5.0, 0.0, 0.0, 4.0 * half];
        let view = |data| View::new(3, 2, data).unwrap();
        let result = compare(view(&tuned), view(&base), 10, &Task::new()).unwrap();
        assert_eq!(result.max_cosines.len(), 2);
        assert!((result.max_cosines[0] - 1.0).abs() < 1e-14);
        assert!((result.max_cosines[1] - half).abs() < 1e-14);
        assert!((result.tuned.stable.unwrap() - 41.0 / 25.0).abs() < 1e-14);
    }

    #[test]
    fn leaves_out_vectors_beyond_the_rank() {
        // tuned = e1 e1ᵀ and base = e2 e2ᵀ of rank 1: one vector each, and they have nothing in common.
        let (tuned, base) = ([5.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]);
        let view = |data| View::new(2, 2, data).unwrap();
        let of = |tuned, base| {
            compare(view(tuned), view(base), 10, &Task::new())
                .unwrap()
                .max_cosines
        };
        assert_eq!(of(&tuned, &base), [0.0]);
        assert_eq!(of(&tuned, &tuned), [1.0]);
        assert_eq!(of(&[0.0; 4], &base), [0.0; 0]);
        assert_eq!(of(&tuned, &[0.0; 4]), [0.0]);
        assert_eq!(of(&[0.0; 4], &[0.0; 4]), [0.0; 0]);
    }

    #[test]
    fn refuses_different_shapes() {
        let base = View::new(1, 2, &[1.0, 2.0]).unwrap();
        let tuned = View::new(2, 1, &[1.0, 2.0]).unwrap();
        assert!(compare(tuned, base, 1, &Task::new()).is_err());
    }
}
