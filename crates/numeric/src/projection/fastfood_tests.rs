use super::Fastfood;
use super::fastfood::NEGATIVE;
use crate::random::Stream;
use crate::{Reason, Result, Task};

fn drawn(seed: u64, columns: usize, rows: usize) -> Fastfood {
    Fastfood::draw(seed, columns, rows, &Task::new()).unwrap()
}

fn vector(stream: u64, length: usize) -> Vec<f32> {
    let mut values = vec![0.0; length];
    Stream { seed: 9, stream }.normal(0, &mut values);
    values
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

const SIZES: [(usize, usize); 6] = [(1, 1), (1, 9), (5, 3), (8, 8), (13, 1000), (300, 70_001)];

/// Each entry from its definition, as (H·G·Π·H·B)ᵢⱼ.
fn entry(p: &Fastfood, row: usize, column: usize) -> f64 {
    let sign = |a: usize, b: usize| {
        if (a & b).count_ones().is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    };
    let (places, normals) = p.block(row / p.width);
    let sum: f64 = (0..p.width)
        .map(|k| {
            let place = (places[k] & !NEGATIVE) as usize;
            sign(row % p.width, k) * f64::from(normals[k]) * sign(place, column)
        })
        .sum();
    if places[column] & NEGATIVE == 0 {
        sum
    } else {
        -sum
    }
}

#[test]
fn a_product_is_that_of_the_matrix_written_out() {
    for (columns, rows) in [(1, 9), (5, 3), (8, 8), (13, 100)] {
        let p = drawn(3, columns, rows);
        let x = vector(0, columns);
        for (row, found) in p.project(&x, &Task::new()).unwrap().iter().enumerate() {
            let expected: f64 = (0..columns)
                .map(|j| entry(&p, row, j) * f64::from(x[j]))
                .sum();
            assert!((f64::from(*found) - expected).abs() < 1e-5);
        }
    }
}

#[test]
fn the_transpose_is_the_adjoint() {
    for (columns, rows) in SIZES {
        let (p, task) = (drawn(4, columns, rows), Task::new());
        let (x, y) = (vector(0, columns), vector(1, rows));
        let forward = dot(&p.project(&x, &task).unwrap(), &y);
        let backward = dot(&x, &p.transpose(&y, &task).unwrap());
        let scale = dot(&x, &x).sqrt() * dot(&y, &y).sqrt();
        assert!(
            (forward - backward).abs() < 1e-5 * scale,
            "{forward} {backward}"
        );
    }
}

#[test]
fn columns_of_whole_blocks_have_norm_1_and_norms_are_kept_on_average() {
    let (p, task) = (drawn(5, 16, 16 * 64), Task::new());
    for column in 0..16 {
        let mut x = vec![0.0; 16];
        x[column] = 1.0;
        let y = p.project(&x, &task).unwrap();
        assert!((dot(&y, &y) - 1.0).abs() < 1e-5);
    }
    let x = vector(2, 300);
    let kept: f64 = (0..20)
        .map(|seed| {
            let y = drawn(seed, 300, 70_001).project(&x, &task).unwrap();
            dot(&y, &y) / dot(&x, &x)
        })
        .sum::<f64>()
        / 20.0;
    // Of 20 draws, each of 70,001 rows that are nearly independent.
    assert!((kept - 1.0).abs() < 0.01, "{kept}");
}

#[test]
fn threads_change_nothing_and_the_seed_all() {
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let (p, task) = (drawn(seed, 300, 200_001), Task::new());
            (
                p.project(&vector(0, 300), &task).unwrap(),
                p.transpose(&vector(1, 200_001), &task).unwrap(),
            )
        })
    };
    assert_eq!(run(1, 1), run(3, 1));
    assert_ne!(run(1, 1).0, run(1, 2).0);
}

#[test]
fn what_does_not_fit_is_refused_and_a_cancelled_call_stops() {
    let reason = |result: Result<Vec<f32>>| result.unwrap_err().reason;
    let (p, task) = (drawn(1, 4, 10), Task::new());
    assert_eq!(reason(p.project(&[0.0; 5], &task)), Reason::ShapeMismatch);
    assert_eq!(reason(p.transpose(&[0.0; 4], &task)), Reason::ShapeMismatch);
    assert_eq!(
        Fastfood::draw(1, 0, 4, &task).unwrap_err().reason,
        Reason::OutOfRange
    );
    task.cancel();
    assert_eq!(reason(p.project(&[0.0; 4], &task)), Reason::Cancelled);
    assert_eq!(reason(p.transpose(&[0.0; 10], &task)), Reason::Cancelled);
}
