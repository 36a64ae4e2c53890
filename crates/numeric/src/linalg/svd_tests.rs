use super::svd::{Svd, Vectors, decompose};
use super::testing::*;
use super::{Matrix, Precision, Scalar};
use crate::{Reason, Task};

/// The bounds that the project promises.
fn bound<T: Scalar>() -> f64 {
    if size_of::<T>() == 4 { 1e-6 } else { 1e-14 }
}

fn compute<T: Scalar>(a: &Matrix<T>, vectors: Vectors) -> Svd<T> {
    decompose(a.view(), vectors, Precision::F64, &Task::new()).unwrap()
}

/// U Σ Vᵀ in f64, singular values divided by `unit`.
fn reconstruct<T: Scalar>(svd: &Svd<T>, unit: f64) -> Matrix<f64> {
    let (u, vt) = (svd.u.as_ref().unwrap(), svd.vt.as_ref().unwrap());
    let size = svd.s.len();
    let mut left = Matrix::zeros(u.rows, size);
    for row in 0..u.rows {
        for column in 0..size {
            left.data[row * size + column] =
                u.data[row * u.columns + column].widen() * (svd.s[column].widen() / unit);
        }
    }
    let right = Matrix {
        rows: size,
        columns: vt.columns,
        data: wide(vt, 1.0).data[..size * vt.columns].to_vec(),
    };
    product(&left, &right)
}

/// Returns the three errors after holding them to the bound.
fn check<T: Scalar>(name: &str, a: &Matrix<T>, unit: f64, vectors: Vectors) {
    let svd = compute(a, vectors);
    let residual = relative_error(&wide(a, unit), &reconstruct(&svd, unit));
    let left = orthogonality(svd.u.as_ref().unwrap());
    let right = orthogonality(&transposed(svd.vt.as_ref().unwrap()));
    let worst = residual.max(left).max(right);
    println!(
        "{name} {}x{} {vectors:?}: residual {residual:.2e}, U {left:.2e}, V {right:.2e}",
        a.rows, a.columns
    );
    assert!(
        worst <= bound::<T>(),
        "{name} {}x{}: {worst:e}",
        a.rows,
        a.columns
    );
    assert!(
        svd.s.windows(2).all(|pair| pair[0] >= pair[1]),
        "{name}: not sorted"
    );
    assert!(
        svd.s.iter().all(|value| *value >= T::default()),
        "{name}: negative"
    );
}

const SHAPES: [(usize, usize); 12] = [
    (1, 1),
    (1, 40),
    (40, 1),
    (2, 3),
    (31, 33),
    (60, 60),
    (130, 127),
    (400, 50),
    (50, 400),
    (256, 256),
    (500, 300),
    (512, 512),
];

fn check_shapes_and_scales<T: Scalar>(scales: &[f64]) {
    for (rows, columns) in SHAPES {
        let a = normal::<T>(rows, columns, 3);
        for &scale in scales {
            let a = scaled_by(&a, scale);
            check("normal", &a, scale, Vectors::Thin);
        }
        let rank = rows.min(columns).div_ceil(3);
        check(
            "deficient",
            &of_rank::<T>(rows, columns, rank),
            1.0,
            Vectors::Thin,
        );
        check(
            "zero",
            &Matrix::<T>::zeros(rows, columns),
            1.0,
            Vectors::Thin,
        );
    }
    for (rows, columns) in [(1, 7), (7, 1), (40, 25), (25, 40), (300, 20)] {
        check("full", &normal::<T>(rows, columns, 4), 1.0, Vectors::Full);
    }
}

#[test]
fn f32_keeps_its_bound_at_every_shape_and_scale() {
    check_shapes_and_scales::<f32>(&[1.0, 1e30, 1e-30]);
}

#[test]
fn f64_keeps_its_bound_at_every_shape_and_scale() {
    check_shapes_and_scales::<f64>(&[1.0, 1e250, 1e-250]);
}

/// Geometric spectra over the whole range of the precision stress deflation.
#[test]
fn graded_matrices_keep_the_bound() {
    let graded = |size: usize, least: f64| {
        let (left, right) = (normal::<f64>(size, size, 5), normal::<f64>(size, size, 6));
        let q = |a: &Matrix<f64>| super::qr::decompose(a.view(), &Task::new()).unwrap().q;
        let mut left = q(&left);
        for (at, value) in left.data.iter_mut().enumerate() {
            *value *= least.powf((at % size) as f64 / (size - 1) as f64);
        }
        product(&left, &q(&right))
    };
    for size in [80, 300] {
        let a = graded(size, 1e-18);
        check("graded", &a, 1.0, Vectors::Thin);
        let data = a.data.iter().map(|value| *value as f32).collect();
        let narrow = Matrix {
            rows: size,
            columns: size,
            data,
        };
        check("graded", &narrow, 1.0, Vectors::Thin);
    }
}

#[test]
fn values_alone_agree_with_those_beside_vectors() {
    for (rows, columns) in [(300, 300), (400, 90)] {
        let a = normal::<f64>(rows, columns, 7);
        let (alone, beside) = (compute(&a, Vectors::No), compute(&a, Vectors::Thin));
        assert!(alone.u.is_none() && alone.vt.is_none());
        for (alone, beside) in alone.s.iter().zip(&beside.s) {
            assert!((alone - beside).abs() <= 1e-13 * beside.max(beside.abs()).max(1.0));
        }
    }
}

#[test]
fn empty_matrices_have_empty_decompositions() {
    for (rows, columns) in [(0, 0), (0, 5), (5, 0)] {
        let svd = compute(&Matrix::<f32>::zeros(rows, columns), Vectors::Full);
        assert!(svd.s.is_empty());
        let (u, vt) = (svd.u.unwrap(), svd.vt.unwrap());
        assert_eq!(
            (u.rows, u.columns, vt.rows, vt.columns),
            (rows, rows, columns, columns)
        );
        assert_eq!(orthogonality(&u) + orthogonality(&vt), 0.0);
    }
}

#[test]
fn non_finite_input_is_refused_by_index() {
    let mut a = normal::<f32>(3, 4, 8);
    a.data[5] = f32::NEG_INFINITY;
    for precision in [Precision::F32, Precision::F64] {
        let error = decompose(a.view(), Vectors::Thin, precision, &Task::new()).unwrap_err();
        assert_eq!(
            (error.reason, error.detail.as_str()),
            (Reason::NonFinite, "-inf at index 5")
        );
    }
}

#[test]
fn cancelled_before_the_start() {
    let task = Task::new();
    task.cancel();
    for precision in [Precision::F32, Precision::F64] {
        let a = normal::<f32>(9, 9, 9);
        let error = decompose(a.view(), Vectors::Thin, precision, &task).unwrap_err();
        assert_eq!(error.reason, Reason::Cancelled);
    }
}

#[test]
fn threads_do_not_change_the_bits() {
    for (rows, columns) in [(600, 600), (900, 300), (257, 1000)] {
        let a = normal::<f32>(rows, columns, 10);
        let b = normal::<f64>(rows, columns, 11);
        same_on_any_threads(|| {
            let (a, b) = (compute(&a, Vectors::Thin), compute(&b, Vectors::Thin));
            (a.u, a.s, a.vt, b.u, b.s, b.vt)
        });
        same_on_any_threads(|| (compute(&a, Vectors::No).s, compute(&b, Vectors::No).s));
    }
}
