//! Decompositions of f32 in f32: errors no larger than PyTorch's, 3e-6 for residuals and 4e-6 for orthogonality, whatever the input.

use super::svd::{Svd, Vectors, decompose};
use super::testing::*;
use super::{Matrix, Precision, randomized_svd, symmetric_eigen};
use crate::random::Stream;
use crate::{Reason, Task};

fn compute(a: &Matrix<f32>, vectors: Vectors) -> Svd<f32> {
    decompose(a.view(), vectors, Precision::F32, &Task::new()).unwrap()
}

/// Columns times numbers.
fn weighted(a: &Matrix<f64>, weights: impl Fn(usize) -> f64) -> Matrix<f64> {
    let mut result = a.clone();
    for (at, value) in result.data.iter_mut().enumerate() {
        *value *= weights(at % a.columns);
    }
    result
}

/// A matrix (m × n) with these singular values, rounded to f32.
fn with_values(m: usize, n: usize, values: impl Fn(usize) -> f64) -> Matrix<f32> {
    let k = m.min(n);
    let q = |rows: usize, stream: u64| {
        let a = normal::<f64>(rows, k, stream);
        super::qr::decompose(a.view(), &Task::new()).unwrap().q
    };
    let product = product(&weighted(&q(m, 5), values), &transposed(&q(n, 6)));
    Matrix {
        rows: m,
        columns: n,
        data: product.data.iter().map(|value| *value as f32).collect(),
    }
}

/// Holds a decomposition to the bounds, and its values to those computed in f64.
fn check(name: &str, a: &Matrix<f32>, unit: f64) {
    let svd = compute(a, Vectors::Thin);
    let (u, vt) = (svd.u.as_ref().unwrap(), svd.vt.as_ref().unwrap());
    let k = a.rows.min(a.columns);
    assert_eq!((u.rows, u.columns), (a.rows, k));
    assert_eq!((vt.rows, vt.columns), (k, a.columns));
    let left = weighted(&wide(u, 1.0), |at| f64::from(svd.s[at]) / unit);
    let back = product(&left, &wide(vt, 1.0));
    let residual = relative_error(&wide(a, unit), &back);
    let (u, v) = (orthogonality(u), orthogonality(&transposed(vt)));
    println!(
        "{name} {}x{}: residual {residual:.1e}, U {u:.1e}, V {v:.1e}",
        a.rows, a.columns
    );
    assert!(residual <= 3e-6, "{name}: residual {residual:e}");
    assert!(
        u <= 4e-6 && v <= 4e-6,
        "{name} {}x{}: orthogonality {u:e} {v:e}",
        a.rows,
        a.columns
    );
    let exact = decompose(a.view(), Vectors::No, Precision::F64, &Task::new()).unwrap();
    let largest = exact.s[0];
    for values in [&svd.s, &compute(a, Vectors::No).s] {
        assert!(values.is_sorted_by(|a, b| a >= b), "{name}: not sorted");
        for (value, exact) in values.iter().zip(&exact.s) {
            assert!(
                *value >= 0.0 && (value - exact).abs() <= 2e-6 * largest,
                "{name}: {value} for {exact} of {largest}"
            );
        }
    }
}

const SHAPES: [(usize, usize); 15] = [
    (1, 1),
    (1, 40),
    (40, 1),
    (2, 3),
    (3, 2),
    (31, 33),
    (65, 64),
    (130, 127),
    (400, 50),
    (50, 400),
    (257, 257),
    (500, 300),
    (300, 500),
    (513, 511),
    (1024, 20),
];

#[test]
fn every_shape_and_scale() {
    for (rows, columns) in SHAPES {
        for scale in [1.0, 1e30, 1e-30, 1e-36] {
            let a = scaled_by(&normal::<f32>(rows, columns, 3), scale);
            check("normal", &a, scale);
        }
        check(
            "ones",
            &Matrix {
                rows,
                columns,
                data: vec![1.0; rows * columns],
            },
            1.0,
        );
        check("zero", &Matrix::zeros(rows, columns), 1.0);
    }
}

#[test]
fn every_spectrum() {
    for (rows, columns) in SHAPES {
        let k = rows.min(columns);
        let share = |at: usize| at as f64 / (k.max(2) - 1) as f64;
        let rank = k.div_ceil(3);
        check("deficient", &of_rank::<f32>(rows, columns, rank), 1.0);
        let of = |values: &dyn Fn(usize) -> f64| with_values(rows, columns, values);
        check("graded", &of(&|at| 1e-12f64.powf(share(at))), 1.0);
        check("steep", &of(&|at| 1e-36f64.powf(share(at))), 1.0);
        check("orthogonal", &of(&|_| 1.0), 1.0);
        check("clusters", &of(&|at| [1.0, 1e-3, 1e-7][3 * at / k]), 1.0);
        check(
            "one large",
            &of(&|at| if at == 0 { 1.0 } else { 1e-6 }),
            1.0,
        );
        check(
            "one small",
            &of(&|at| if at + 1 == k { 1e-7 } else { 1.0 }),
            1.0,
        );
        check(
            "one zero",
            &of(&|at| if at + 1 == k { 0.0 } else { 1.0 }),
            1.0,
        );
    }
}

/// Rows and columns of very different sizes, where reductions meet short vectors.
#[test]
fn graded_rows_and_columns() {
    for (rows, columns) in [(80, 80), (200, 60), (150, 151)] {
        let source = normal::<f32>(rows, columns, 9);
        for (down, along) in [(30, 0), (0, 30), (30, 30), (-30, 0), (0, -30), (300, 0)] {
            let mut a = source.clone();
            for (at, value) in a.data.iter_mut().enumerate() {
                let (row, column) = ((at / columns) as i32, (at % columns) as i32);
                let power = down * row / rows as i32 + along * column / columns as i32;
                *value = (f64::from(*value) * 10f64.powi(-power)) as f32;
            }
            let unit = f64::from(
                a.data
                    .iter()
                    .fold(0.0f32, |most, value| most.max(value.abs())),
            );
            check("rows and columns", &a, unit);
        }
    }
    let mut band = Matrix::<f32>::zeros(90, 90);
    for at in 0..90 {
        band.data[at * 90 + at] = 1.0;
        if at > 0 {
            band.data[at * 90 + at - 1] = 1e-39;
        }
    }
    check("band", &band, 1.0);
}

#[test]
fn threads_do_not_change_the_bits() {
    for (rows, columns) in [(600, 600), (900, 300), (257, 1000), (500, 400)] {
        let a = normal::<f32>(rows, columns, 10);
        same_on_any_threads(|| {
            let svd = compute(&a, Vectors::Thin);
            (svd.u, svd.s, svd.vt, compute(&a, Vectors::No).s)
        });
    }
    let low = of_rank::<f32>(400, 350, 100);
    same_on_any_threads(|| compute(&low, Vectors::Thin).u);
}

/// A call, and why it failed.
type Call<'a> = dyn Fn(&Task) -> Option<Reason> + Sync + 'a;

#[test]
fn a_call_stops_soon_after_it_is_cancelled() {
    let a = normal::<f32>(700, 700, 12);
    let spd = product(&a, &transposed(&a));
    let randomized = randomized_svd::Options {
        rank: 100,
        oversampling: 8,
        power_iterations: 200,
        seed: 1,
        precision: Precision::F32,
    };
    let calls: [&Call<'_>; 4] = [
        &|task| {
            let result = decompose(a.view(), Vectors::Thin, Precision::F32, task);
            result.err().map(|error| error.reason)
        },
        &|task| {
            let result = decompose(a.view(), Vectors::No, Precision::F32, task);
            result.err().map(|error| error.reason)
        },
        &|task| {
            let result = symmetric_eigen::decompose(spd.view(), true, Precision::F32, task);
            result.err().map(|error| error.reason)
        },
        &|task| {
            let result = randomized_svd::decompose(a.view(), randomized, task);
            result.err().map(|error| error.reason)
        },
    ];
    for call in calls {
        let task = Task::new();
        std::thread::scope(|scope| {
            let running = scope.spawn(|| call(&task));
            std::thread::sleep(std::time::Duration::from_millis(3));
            task.cancel();
            assert_eq!(running.join().unwrap(), Some(Reason::Cancelled));
        });
    }
}

#[test]
fn randomised_triplets_are_the_largest() {
    // The first loses all digits in the products of its columns; the second has too little apart for that.
    for (falls_by, power_iterations) in [(0.5, 2), (0.9, 4)] {
        for (rows, columns) in [(300, 80), (80, 300), (200, 200), (7, 5)] {
            check_randomized((rows, columns), falls_by, power_iterations);
        }
    }
}

fn check_randomized((rows, columns): (usize, usize), falls_by: f64, power_iterations: usize) {
    let a = with_values(rows, columns, |at| falls_by.powi(at as i32));
    let rank = 5;
    let options = randomized_svd::Options {
        rank,
        oversampling: 8,
        power_iterations,
        seed: 4,
        precision: Precision::F32,
    };
    for scale in [1.0, 1e30, 1e-30] {
        let a = scaled_by(&a, scale);
        let task = Task::new();
        let svd = randomized_svd::decompose(a.view(), options, &task).unwrap();
        assert_eq!(task.fraction(), 1.0);
        let (u, vt) = (svd.u.unwrap(), svd.vt.unwrap());
        assert_eq!((u.columns, vt.rows, svd.s.len()), (rank, rank, rank));
        assert!(orthogonality(&u) < 1e-6 && orthogonality(&transposed(&vt)) < 1e-6);
        for (at, value) in svd.s.iter().enumerate() {
            let expected = falls_by.powi(at as i32);
            assert!(
                (f64::from(*value) / scale - expected).abs() < 1e-6,
                "{value} {expected}"
            );
        }
        let left = weighted(&wide(&u, 1.0), |at| f64::from(svd.s[at]) / scale);
        let error = relative_error(&wide(&a, scale), &product(&left, &wide(&vt, 1.0)));
        // What is left out: Σ from `rank` on of all squares beside all of them.
        let squares = |from: usize| -> f64 {
            (from..rows.min(columns))
                .map(|at| falls_by.powi(2 * at as i32))
                .sum()
        };
        let least = (squares(rank) / squares(0)).sqrt();
        assert!(error < least * 1.01 + 1e-6, "{error} {least}");
    }
}

/// Of A Aᵀ-like matrices with known spectra: A V = V diag(w).
#[test]
fn symmetric_matrices() {
    for size in [1, 2, 3, 33, 200, 301] {
        for scale in [1.0, 1e30, 1e-30] {
            let source = normal::<f32>(size, size, 4);
            let mut a = Matrix::zeros(size, size);
            for row in 0..size {
                for column in 0..size {
                    let other = source.data[column * size + row];
                    let sum = source.data[row * size + column] + other;
                    a.data[row * size + column] = (f64::from(sum) * scale) as f32;
                }
            }
            let zero = Matrix::zeros(size, size);
            for a in [&a, &zero] {
                let decompose = |precision| {
                    symmetric_eigen::decompose(a.view(), true, precision, &Task::new()).unwrap()
                };
                let (eigen, exact) = (decompose(Precision::F32), decompose(Precision::F64));
                let vectors = eigen.vectors.unwrap();
                assert!(orthogonality(&vectors) <= 4e-6);
                let vectors = wide(&vectors, 1.0);
                let left = weighted(&vectors, |at| f64::from(eigen.values[at]) / scale);
                let back = product(&left, &transposed(&vectors));
                assert!(relative_error(&wide(a, scale), &back) <= 3e-6);
                assert!(eigen.values.is_sorted());
                let largest = exact
                    .values
                    .iter()
                    .fold(0.0f32, |most, x| most.max(x.abs()));
                for (value, exact) in eigen.values.iter().zip(&exact.values) {
                    assert!((value - exact).abs() <= 2e-6 * largest);
                }
            }
        }
    }
}

/// Reads no element above the diagonal, and the same matrix gives the same bits again.
#[test]
fn only_the_lower_triangle_counts() {
    let mut a = normal::<f32>(90, 90, 3);
    let decompose = |a: &Matrix<f32>| {
        let task = Task::new();
        let eigen = symmetric_eigen::decompose(a.view(), true, Precision::F32, &task).unwrap();
        (eigen.values, eigen.vectors)
    };
    let first = decompose(&a);
    let mut other = vec![0.0f32; 90 * 90];
    Stream { seed: 5, stream: 5 }.uniform(0, &mut other);
    for row in 0..90 {
        for column in row + 1..90 {
            a.data[row * 90 + column] = other[row * 90 + column];
        }
    }
    assert!(first == decompose(&a));
}
