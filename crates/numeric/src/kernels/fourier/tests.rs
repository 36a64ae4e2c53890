//! Transforms by their definition in f64.

use std::f64::consts::TAU;

use super::super::testing::{near, numbers, with_threads};
use super::*;

/// One element, powers of two, products of small primes, primes (Bluestein's and Rader's algorithms).
const LENGTHS: [usize; 12] = [1, 2, 3, 4, 5, 15, 16, 49, 97, 240, 1009, 1024];
const ROWS: usize = 3;

/// Σ (re + i im) e^(sign · 2πi jk / length).
fn definition(re: &[f32], im: &[f32], length: usize, sign: f64) -> [Vec<f64>; 2] {
    let mut out = [Vec::new(), Vec::new()];
    for (re, im) in re.chunks_exact(length).zip(im.chunks_exact(length)) {
        for k in 0..length {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (j, (&re, &im)) in re.iter().zip(im).enumerate() {
                let (sin, cos) = (sign * TAU * (j * k % length) as f64 / length as f64).sin_cos();
                real += f64::from(re) * cos - f64::from(im) * sin;
                imaginary += f64::from(re) * sin + f64::from(im) * cos;
            }
            out[0].push(real);
            out[1].push(imaginary);
        }
    }
    out
}

#[test]
fn complex_transforms_are_those_of_the_definition() {
    for length in LENGTHS {
        let (re, im) = (numbers(ROWS * length, 1), numbers(ROWS * length, 2));
        for (inverse, sign) in [(false, -1.0), (true, 1.0)] {
            let (mut real, mut imaginary) = (vec![0.0; re.len()], vec![0.0; re.len()]);
            complex(
                (&re, &im),
                length,
                inverse,
                0.5,
                (&mut real, &mut imaginary),
            );
            let halves = definition(&re, &im, length, sign).map(|part| half_of(&part));
            near("real part", &real, &halves[0], 1e-5);
            near("imaginary part", &imaginary, &halves[1], 1e-5);
        }
    }
}

fn half_of(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| v / 2.0).collect()
}

#[test]
fn real_transforms_are_halves_of_complex_ones() {
    for length in LENGTHS {
        let half = length / 2 + 1;
        let x = numbers(ROWS * length, 1);
        let zero = vec![0.0; x.len()];
        let (mut re, mut im) = (vec![0.0; ROWS * half], vec![0.0; ROWS * half]);
        real(&x, length, 0.5, 3.0, (&mut re, &mut im));
        let expected = definition(&x, &zero, length, -1.0).map(|part| {
            let rows = part.chunks_exact(length).flat_map(|row| {
                row[..half].iter().enumerate().map(|(k, v)| {
                    let inner = if k > 0 && 2 * k < length { 3.0 } else { 1.0 };
                    0.5 * inner * v
                })
            });
            rows.collect::<Vec<f64>>()
        });
        near("real part", &re, &expected[0], 2e-5);
        near("imaginary part", &im, &expected[1], 2e-5);
    }
}

#[test]
fn inverse_real_transforms_take_the_rest_as_conjugates() {
    for length in LENGTHS {
        let half = length / 2 + 1;
        let (re, im) = (numbers(ROWS * half, 1), numbers(ROWS * half, 2));
        let mut out = vec![0.0; ROWS * length];
        inverse_real((&re, &im), length, 0.5, 3.0, &mut out);
        let (mut whole_re, mut whole_im) = (Vec::new(), Vec::new());
        for (re, im) in re.chunks_exact(half).zip(im.chunks_exact(half)) {
            for k in 0..length {
                let other = k.min(length - k);
                let inner = if other > 0 && 2 * other < length {
                    3.0
                } else {
                    1.0
                };
                let sign = match other {
                    _ if inner == 1.0 => 0.0,
                    _ if other == k => 1.0,
                    _ => -1.0,
                };
                whole_re.push(re[other] * inner);
                whole_im.push(im[other] * inner * sign);
            }
        }
        let expected = half_of(&definition(&whole_re, &whole_im, length, 1.0)[0]);
        near("real signal", &out, &expected, 3e-5);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (re, im) = (numbers(40 * 1000, 1), numbers(40 * 1000, 2));
    let run = || {
        let (mut real, mut imaginary) = (vec![0.0; re.len()], vec![0.0; re.len()]);
        complex((&re, &im), 1000, false, 1.0, (&mut real, &mut imaginary));
        (real, imaginary)
    };
    assert!(with_threads(1, run) == with_threads(3, run));
}
