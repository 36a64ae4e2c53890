//! The other decompositions: each multiplies back to its input, at scales where squares leave the range, on any threads.

use super::solve::{Method, solve};
use super::testing::*;
use super::{Matrix, Precision, Scalar, cholesky, eigen, lu, qr, randomized_svd, symmetric_eigen};
use crate::{Reason, Task};

/// Relative errors allowed: 100 units in the last place, for sizes up to 300.
fn bound<T: Scalar>() -> f64 {
    100.0 * T::EPSILON
}

fn scales<T: Scalar>() -> [f64; 3] {
    let huge = if size_of::<T>() == 4 { 1e30 } else { 1e250 };
    [1.0, huge, 1.0 / huge]
}

const SHAPES: [(usize, usize); 8] = [
    (0, 0),
    (0, 3),
    (1, 1),
    (1, 9),
    (9, 1),
    (120, 120),
    (300, 70),
    (70, 300),
];

/// A Aᵀ / n + I.
fn positive<T: Scalar>(size: usize) -> Matrix<T> {
    let a = normal::<T>(size, size, 1);
    let mut result = scaled_by(&product(&a, &transposed(&a)), 1.0 / size as f64);
    for at in 0..size {
        result.data[at * size + at] += T::round_from(1.0);
    }
    result
}

fn factors<T: Scalar>() {
    for (rows, columns) in SHAPES {
        for scale in scales::<T>() {
            let a = scaled_by(&normal::<T>(rows, columns, 2), scale);
            let wide_a = wide(&a, scale);
            let qr = qr::decompose(a.view(), &Task::new()).unwrap();
            let back = product(&wide(&qr.q, 1.0), &wide(&qr.r, scale));
            assert!(relative_error(&wide_a, &back) <= bound::<T>());
            assert!(orthogonality(&qr.q) <= bound::<T>());
            let lu = lu::decompose(a.view(), &Task::new()).unwrap();
            let back = product(&wide(&lu.l, 1.0), &wide(&lu.u, scale));
            let mut permuted = wide_a.clone();
            for (row, &from) in lu.permutation.iter().enumerate() {
                let from = from as usize * columns;
                permuted.data[row * columns..(row + 1) * columns]
                    .copy_from_slice(&wide_a.data[from..from + columns]);
            }
            assert!(relative_error(&permuted, &back) <= bound::<T>());
        }
    }
}

#[test]
fn qr_and_lu_multiply_back() {
    factors::<f32>();
    factors::<f64>();
}

fn symmetric<T: Scalar>(precision: Precision) {
    for size in [0, 1, 2, 33, 250] {
        for scale in scales::<T>() {
            let a = scaled_by(&positive::<T>(size), scale);
            let wide_a = wide(&a, scale);
            let l = cholesky::decompose(a.view(), &Task::new()).unwrap();
            let l = wide(&l, scale.sqrt());
            assert!(relative_error(&wide_a, &product(&l, &transposed(&l))) <= bound::<T>());
            let eigen =
                symmetric_eigen::decompose(a.view(), true, precision, &Task::new()).unwrap();
            let vectors = eigen.vectors.unwrap();
            assert!(orthogonality(&vectors) <= bound::<T>());
            let vectors = wide(&vectors, 1.0);
            let mut left = vectors.clone();
            for (at, value) in left.data.iter_mut().enumerate() {
                *value *= eigen.values[at % size].widen() / scale;
            }
            assert!(
                relative_error(&wide_a, &product(&left, &transposed(&vectors))) <= bound::<T>()
            );
            assert!(eigen.values.is_sorted());
        }
    }
}

#[test]
fn cholesky_and_symmetric_eigen_multiply_back() {
    symmetric::<f32>(Precision::F32);
    symmetric::<f32>(Precision::F64);
    symmetric::<f64>(Precision::F64);
}

#[test]
fn eigenvectors_satisfy_their_equation() {
    let a = normal::<f64>(120, 120, 3);
    let result = eigen::decompose(a.view(), true, &Task::new()).unwrap();
    let (re, im) = result.vectors.unwrap();
    let by_values = |x: &Matrix<f64>, y: &Matrix<f64>, sign: f64| Matrix {
        data: (0..x.data.len())
            .map(|at| {
                x.data[at] * result.real[at % 120] + sign * y.data[at] * result.imaginary[at % 120]
            })
            .collect(),
        ..x.clone()
    };
    let size = norm(&a);
    let error = |left: &Matrix<f64>, right: &Matrix<f64>| {
        norm(&Matrix {
            data: left
                .data
                .iter()
                .zip(&right.data)
                .map(|(a, b)| a - b)
                .collect(),
            ..left.clone()
        })
    };
    assert!(error(&product(&a, &re), &by_values(&re, &im, -1.0)) <= 1e-13 * size);
    assert!(error(&product(&a, &im), &by_values(&im, &re, 1.0)) <= 1e-13 * size);
    // A rotation by a right angle, and its square: ±i.
    let rotation = Matrix {
        rows: 2,
        columns: 2,
        data: vec![0.0, -1.0, 1.0, 0.0],
    };
    let result = eigen::decompose(rotation.view(), false, &Task::new()).unwrap();
    assert!(result.real.iter().all(|value: &f64| value.abs() < 1e-15));
    assert!((result.imaginary[0] - 1.0).abs() < 1e-15 && (result.imaginary[1] + 1.0).abs() < 1e-15);
}

#[test]
fn every_way_to_solve_leaves_a_small_residual() {
    let (size, columns) = (150, 4);
    let b = normal::<f64>(size, columns, 5);
    let mut triangular = positive::<f64>(size);
    for scale in scales::<f64>() {
        for method in [
            Method::Lu,
            Method::Cholesky,
            Method::Lower,
            Method::Upper,
            Method::LeastSquares,
        ] {
            if matches!(method, Method::Lower | Method::Upper) {
                for at in 0..size * size {
                    let (row, column) = (at / size, at % size);
                    let kept = if method == Method::Lower {
                        row >= column
                    } else {
                        row <= column
                    };
                    triangular.data[at] = if kept {
                        positive_entry(row, column)
                    } else {
                        0.0
                    };
                }
            } else {
                triangular = positive(size);
            }
            let a = scaled_by(&triangular, scale);
            let x = solve(a.view(), b.view(), method, &Task::new()).unwrap();
            let back = product(&triangular, &wide(&x, 1.0 / scale));
            assert!(
                relative_error(&b, &back) <= 1e-13,
                "{method:?} at {scale:e}"
            );
        }
    }
}

/// A well conditioned triangle.
fn positive_entry(row: usize, column: usize) -> f64 {
    if row == column {
        2.0
    } else {
        ((row * 7 + column * 3) % 11) as f64 / 300.0
    }
}

#[test]
fn least_squares_meets_the_normal_equations() {
    let (a, b) = (normal::<f64>(200, 30, 6), normal::<f64>(200, 2, 7));
    let x = solve(a.view(), b.view(), Method::LeastSquares, &Task::new()).unwrap();
    let mut residual = product(&a, &x);
    for (value, b) in residual.data.iter_mut().zip(&b.data) {
        *value -= b;
    }
    assert!(norm(&product(&transposed(&a), &residual)) <= 1e-13 * norm(&a) * norm(&b));
}

#[test]
fn singular_systems_are_named() {
    let (zero, b) = (Matrix::<f32>::zeros(3, 3), normal::<f32>(3, 1, 1));
    for method in [
        Method::Lu,
        Method::Cholesky,
        Method::Lower,
        Method::Upper,
        Method::LeastSquares,
    ] {
        let error = solve(zero.view(), b.view(), method, &Task::new()).unwrap_err();
        assert_eq!(error.reason, Reason::Singular, "{method:?}");
    }
}

#[test]
fn randomised_svd_recovers_a_low_rank() {
    for (rows, columns) in [(300, 80), (80, 300)] {
        let a = of_rank::<f64>(rows, columns, 12);
        let options = randomized_svd::Options {
            rank: 12,
            oversampling: 5,
            power_iterations: 1,
            seed: 4,
            precision: Precision::F64,
        };
        let svd = randomized_svd::decompose(a.view(), options, &Task::new()).unwrap();
        let mut left = svd.u.clone().unwrap();
        for (at, value) in left.data.iter_mut().enumerate() {
            *value *= svd.s[at % 12];
        }
        assert!(relative_error(&a, &product(&left, svd.vt.as_ref().unwrap())) <= 1e-13);
        assert!(orthogonality(&svd.u.unwrap()) <= 1e-14);
    }
}

#[test]
fn threads_do_not_change_the_bits() {
    let (a, b) = (normal::<f32>(400, 400, 8), normal::<f32>(400, 3, 9));
    let tall = normal::<f32>(900, 300, 10);
    let spd = positive::<f32>(400);
    let task = Task::new();
    same_on_any_threads(|| {
        qr::decompose(tall.view(), &task)
            .map(|qr| (qr.q, qr.r))
            .unwrap()
    });
    same_on_any_threads(|| {
        lu::decompose(a.view(), &task)
            .map(|lu| (lu.l, lu.u))
            .unwrap()
    });
    same_on_any_threads(|| cholesky::decompose(spd.view(), &task).unwrap());
    for precision in [Precision::F32, Precision::F64] {
        same_on_any_threads(|| {
            let result = symmetric_eigen::decompose(spd.view(), true, precision, &task).unwrap();
            (result.values, result.vectors)
        });
        same_on_any_threads(|| {
            let options = randomized_svd::Options {
                rank: 20,
                oversampling: 8,
                power_iterations: 2,
                seed: 1,
                precision,
            };
            let svd = randomized_svd::decompose(tall.view(), options, &task).unwrap();
            (svd.u, svd.s, svd.vt)
        });
    }
    same_on_any_threads(|| {
        let result = eigen::decompose(a.view(), true, &task).unwrap();
        (result.real, result.imaginary, result.vectors)
    });
    same_on_any_threads(|| solve(a.view(), b.view(), Method::Lu, &task).unwrap());
}
