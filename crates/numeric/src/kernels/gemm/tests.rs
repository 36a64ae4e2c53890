//! Products by their definition in f64, and the same bits by every instruction set and any number of threads.

use super::super::frozen::{Format, Frozen};
use super::super::scalar::gelu_slope;
use super::super::testing::numbers;
use super::isa::Isa;
use super::rounded::Rounded;
use super::*;

const SHAPES: [(usize, usize, usize); 16] = [
    (1, 1, 1),
    (2, 3, 0),
    (3, 5, 7),
    (14, 32, 16),
    (15, 33, 17),
    (64, 64, 32),
    (1, 200, 60),
    (200, 1, 60),
    (29, 8, 400),
    (5, 47, 1200),
    (130, 290, 385),
    (300, 16, 33),
    (17, 35, 9001),
    (40, 130, 5000),
    (70, 200, 130),
    (70, 60, 1024),
];

/// The operand of `outer` × `depth` numbers, in either order.
fn operand(data: &[f32], outer: usize, depth: usize, along_depth: bool) -> Strided {
    let (step, deep) = if along_depth { (depth, 1) } else { (1, outer) };
    Strided {
        data: data.as_ptr(),
        outer: step,
        depth: deep,
    }
}

fn result<I: Isa>(problem: Problem, a: Strided, b: Strided, start: &[f32]) -> Vec<f32> {
    let mut c = start.to_vec();
    // SAFETY: the operands have been made for this problem.
    unsafe { drive::multiply::<I>(problem, a, b, (c.as_mut_ptr(), problem.columns), &as_it_is) };
    c
}

fn every_result(
    problem: Problem,
    a: Strided,
    b: Strided,
    start: &[f32],
) -> Vec<(&'static str, Vec<f32>)> {
    let mut all = vec![("plain", result::<plain::Plain>(problem, a, b, start))];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(("avx2", result::<avx2::Avx2>(problem, a, b, start)));
        }
        if is_x86_feature_detected!("avx512f") {
            all.push(("avx512", result::<avx512::Avx512>(problem, a, b, start)));
        }
    }
    all
}

#[test]
fn products_by_their_definition() {
    for (rows, columns, depth) in SHAPES {
        let (a, b, start) = (
            numbers(rows * depth, 1),
            numbers(columns * depth, 2),
            numbers(rows * columns, 3),
        );
        for (along_a, along_b, add, parallel) in [
            (true, true, false, false),
            (true, false, true, true),
            (false, true, true, false),
            (false, false, false, true),
        ] {
            let (left, right) = (
                operand(&a, rows, depth, along_a),
                operand(&b, columns, depth, along_b),
            );
            let problem = Problem {
                rows,
                columns,
                depth,
                precision: Precision::F32,
                scale: 0.5,
                add,
                parallel,
            };
            let at =
                |x: &[f32], o: Strided, i: usize, k: usize| f64::from(x[i * o.outer + k * o.depth]);
            for (name, c) in every_result(problem, left, right, &start) {
                for i in 0..rows {
                    for j in 0..columns {
                        let sum: f64 = (0..depth)
                            .map(|k| at(&a, left, i, k) * at(&b, right, j, k))
                            .sum();
                        let size: f64 = (0..depth)
                            .map(|k| (at(&a, left, i, k) * at(&b, right, j, k)).abs())
                            .sum();
                        let before = if add {
                            f64::from(start[i * columns + j])
                        } else {
                            0.0
                        };
                        let error = (before + 0.5 * sum - f64::from(c[i * columns + j])).abs();
                        assert!(
                            error <= 3e-7 * (size + before.abs()),
                            "{name} {rows}x{columns}x{depth} at {i}, {j}: {error}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn instruction_sets_and_threads_do_not_change_the_bits() {
    for (rows, columns, depth) in SHAPES {
        let (a, b) = (numbers(rows * depth, 4), numbers(columns * depth, 5));
        let (left, right) = (
            operand(&a, rows, depth, true),
            operand(&b, columns, depth, true),
        );
        let start = vec![0.0; rows * columns];
        let problem = |parallel| Problem {
            rows,
            columns,
            depth,
            precision: Precision::F32,
            scale: 1.0,
            add: false,
            parallel,
        };
        let results = every_result(problem(false), left, right, &start);
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            for (name, c) in pool.install(|| every_result(problem(true), left, right, &start)) {
                let fused =
                    cfg!(any(target_feature = "fma", target_arch = "aarch64")) || name != "plain";
                let same = results.iter().filter(|(other, _)| {
                    if fused {
                        *other != "plain"
                    } else {
                        *other == name
                    }
                });
                for (other, expected) in same {
                    assert_eq!(
                        &c, expected,
                        "{name} on {threads} threads and {other}: {rows}x{columns}x{depth}"
                    );
                }
            }
        }
    }
}

#[test]
fn views_leave_what_lies_between_their_rows() {
    let (a, b) = (numbers(20 * 40, 6), numbers(40 * 50, 7));
    let mut c = vec![7.0f32; 20 * 60];
    let problem = Problem {
        rows: 20,
        columns: 50,
        depth: 40,
        precision: Precision::F32,
        scale: 1.0,
        add: false,
        parallel: true,
    };
    // SAFETY: c has 20 rows of 60.
    unsafe {
        product(
            problem,
            operand(&a, 20, 40, true),
            operand(&b, 50, 40, false),
            (c.as_mut_ptr(), 60),
            &as_it_is,
        )
    };
    assert!(
        c.chunks(60)
            .all(|row| row[50..].iter().all(|&x| x == 7.0) && row[..50].iter().all(|&x| x != 7.0))
    );
}

#[test]
fn what_is_not_finite_stays_in_its_row() {
    let (m, n, k) = (16, 40, 20);
    let mut a = numbers(m * k, 8);
    a[3 * k + 5] = f32::NAN;
    a[9 * k + 1] = f32::INFINITY;
    let b = numbers(n * k, 9);
    let mut c = vec![0.0; m * n];
    batched(
        1,
        (m, n, k),
        (&a, Layout::dense(m, k, false, 1)),
        (&b, Layout::dense(n, k, true, 1)),
        After::default(),
        Precision::F32,
        &mut c,
    );
    for (i, row) in c.chunks(n).enumerate() {
        assert_eq!(row.iter().all(|x| x.is_nan()), i == 3);
        assert_eq!(row.iter().all(|x| x.is_infinite()), i == 9);
    }
}

#[test]
fn a_bias_is_added_once_and_is_all_without_terms() {
    let bias = [1.0, 2.0, 3.0];
    let mut c = vec![9.0; 6];
    batched(
        1,
        (2, 3, 0),
        (&[], Layout::dense(2, 0, false, 1)),
        (&[], Layout::dense(0, 3, false, 1)),
        After {
            bias: Some(&bias),
            ..After::default()
        },
        Precision::F32,
        &mut c,
    );
    assert_eq!(c, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    let ones = vec![1.0; 2 * 1000];
    let twos = vec![2.0; 1000 * 3];
    batched(
        1,
        (2, 3, 1000),
        (&ones, Layout::dense(2, 1000, false, 1)),
        (&twos, Layout::dense(1000, 3, false, 1)),
        After {
            bias: Some(&bias),
            ..After::default()
        },
        Precision::F32,
        &mut c,
    );
    assert_eq!(c, [2001.0, 2002.0, 2003.0, 2001.0, 2002.0, 2003.0]);
}

#[test]
fn what_comes_after_a_product_is_done_once_to_each() {
    for (batches, (m, n, k)) in [(1, (33, 70, 5000)), (1, (3, 5, 0)), (9, (4, 35, 6))] {
        let (a, b) = (numbers(batches * m * k, 10), numbers(k * n, 11));
        let (bias, addend) = (numbers(n, 12), numbers(batches * m * n, 13));
        let at = Layout::dense(m, k, false, batches);
        let bt = Layout::dense(k, n, false, 1);
        let run = |after: After<'_>| {
            let mut c = vec![9.0; batches * m * n];
            let (a, b) = ((a.as_slice(), at), (b.as_slice(), bt));
            batched(batches, (m, n, k), a, b, after, Precision::F32, &mut c);
            c
        };
        let mut after = After {
            bias: Some(&bias),
            ..After::default()
        };
        let mut apart = run(after);
        apart.iter_mut().zip(&addend).for_each(|(x, y)| *x += y);
        after.addend = Some(&addend);
        assert_eq!(run(after), apart);
        let slopes = numbers(batches * m * n, 14);
        after.slope_at = Some(&slopes);
        let apart = apart.iter().zip(&slopes).map(|(x, &at)| x * gelu_slope(at));
        assert_eq!(run(after), apart.collect::<Vec<f32>>());
    }
}

#[test]
fn a_frozen_matrix_is_multiplied_as_its_expansion_is() {
    for (m, n, k) in [
        (33, 70, 900),
        (200, 33, 65),
        (2, 40, 40),
        (5, 1, 7),
        (4, 6, 0),
    ] {
        let (a, weights) = (numbers(m * k, 14), numbers(n * k, 15));
        let (bias, addend) = (numbers(n, 16), numbers(m * n, 17));
        for format in [Format::Bf16, Format::Nf4] {
            let mut bytes = vec![0; format.bytes(weights.len())];
            format.freeze(&weights, &mut bytes);
            let held = Frozen::new(format, &bytes, weights.len());
            let mut expanded = vec![0.0; weights.len()];
            held.expand_all(&mut expanded);
            for (transposed, precision) in [
                (false, Precision::F32),
                (true, Precision::F32),
                (false, Precision::Bf16),
                (true, Precision::Bf16),
            ] {
                let (mut c, mut expected) = (vec![9.0; m * n], vec![9.0; m * n]);
                let after = After {
                    bias: Some(&bias),
                    addend: Some(&addend),
                    slope_at: Some(&addend),
                };
                times_frozen((m, n, k), &a, (held, transposed), after, precision, &mut c);
                let (rows, columns) = if transposed { (n, k) } else { (k, n) };
                batched(
                    1,
                    (m, n, k),
                    (&a, Layout::dense(m, k, false, 1)),
                    (&expanded, Layout::dense(rows, columns, transposed, 1)),
                    after,
                    precision,
                    &mut expected,
                );
                assert_eq!(
                    c, expected,
                    "{m} {n} {k} {format:?} {transposed} {precision:?}"
                );
            }
        }
    }
}

fn every_half_result(problem: Problem, a: Strided, b: Strided) -> Vec<(&'static str, Vec<f32>)> {
    let start = vec![0.0; problem.rows * problem.columns];
    let mut all = vec![(
        "plain",
        result::<Rounded<plain::Plain>>(problem, a, b, &start),
    )];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(("avx2", result::<Rounded<avx2::Avx2>>(problem, a, b, &start)));
        }
        if is_x86_feature_detected!("avx512f") {
            all.push((
                "avx512",
                result::<Rounded<avx512::Avx512>>(problem, a, b, &start),
            ));
        }
        if is_x86_feature_detected!("avx512bf16") {
            all.push((
                "avx512-bf16",
                result::<avx512_bf16::Avx512Bf16>(problem, a, b, &start),
            ));
        }
    }
    all
}

#[test]
fn bfloat16_products_are_those_of_the_rounded_numbers() {
    for (rows, columns, depth) in SHAPES {
        let (a, b) = (numbers(rows * depth, 10), numbers(columns * depth, 11));
        for (along_a, along_b) in [(true, true), (true, false), (false, false)] {
            let (left, right) = (
                operand(&a, rows, depth, along_a),
                operand(&b, columns, depth, along_b),
            );
            let problem = |parallel| Problem {
                rows,
                columns,
                depth,
                precision: Precision::Bf16,
                scale: 1.0,
                add: false,
                parallel,
            };
            let at = |x: &[f32], o: Strided, i: usize, k: usize| {
                f64::from(rounded::round(x[i * o.outer + k * o.depth]))
            };
            let alone = every_half_result(problem(false), left, right);
            for ((name, c), (_, other)) in every_half_result(problem(true), left, right)
                .iter()
                .zip(&alone)
            {
                assert_eq!(
                    c, other,
                    "{name}: threads change the bits of {rows}x{columns}x{depth}"
                );
                for i in 0..rows {
                    for j in 0..columns {
                        let terms = || (0..depth).map(|k| at(&a, left, i, k) * at(&b, right, j, k));
                        let (sum, size) =
                            (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
                        let error = (sum - f64::from(c[i * columns + j])).abs();
                        assert!(
                            error <= 3e-7 * size,
                            "{name} {rows}x{columns}x{depth} at {i}, {j}: {error}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn rounding_is_to_the_nearest_even() {
    for (x, expected) in [
        (1.0, 1.0),
        (1.0 + 1.0 / 256.0, 1.0),
        (1.0 + 3.0 / 256.0, 1.0 + 4.0 / 256.0),
        (1.0 + 1.1 / 256.0, 1.0 + 2.0 / 256.0),
        (-2.0, -2.0),
        (f32::MAX, f32::INFINITY),
        (f32::NEG_INFINITY, f32::NEG_INFINITY),
    ] {
        assert_eq!(rounded::round(x), expected, "{x}");
        assert_eq!(half::bf16::from_f32(x).to_f32(), expected);
    }
    assert!(rounded::round(f32::NAN).is_nan());
}
