//! Statistics and gradients in f64, the gradients by finite differences.

use super::super::testing::{near, numbers, with_threads};
use super::*;

const EPSILON: f64 = 1e-3;

fn doubles(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

/// [mean, variance] of each channel.
fn statistics(x: &[f64], channels: usize) -> [Vec<f64>; 2] {
    let rows = (x.len() / channels) as f64;
    let mean: Vec<f64> = (0..channels)
        .map(|c| x.iter().skip(c).step_by(channels).sum::<f64>() / rows)
        .collect();
    let variance = (0..channels)
        .map(|c| {
            let squares = x
                .iter()
                .skip(c)
                .step_by(channels)
                .map(|v| (v - mean[c]).powi(2));
            squares.sum::<f64>() / rows
        })
        .collect();
    [mean, variance]
}

fn normalised(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let channels = gamma.len();
    let [mean, variance] = statistics(x, channels);
    let one = |(i, v): (usize, &f64)| {
        let c = i % channels;
        (v - mean[c]) / (variance[c] + EPSILON).sqrt() * gamma[c] + beta[c]
    };
    x.iter().enumerate().map(one).collect()
}

#[test]
fn statistics_and_results_are_those_of_f64() {
    for (rows, channels) in [(1, 3), (5, 7), (300, 33), (1000, 64), (70, 129)] {
        // A mean far from 0, where the difference of sums of squares would lose all digits.
        let x: Vec<f32> = numbers(rows * channels, 1)
            .iter()
            .map(|v| v + 1000.0)
            .collect();
        let (mut mean, mut variance) = (vec![1.0; channels], vec![1.0; channels]);
        moments(&x, &mut mean, &mut variance);
        let [exact_mean, exact_variance] = statistics(&doubles(&x), channels);
        near("mean", &mean, &exact_mean, 1e-7);
        near("variance", &variance, &exact_variance, 1e-6);
        let (gamma, beta) = (numbers(channels, 2), numbers(channels, 3));
        let mut y = vec![0.0; x.len()];
        let statistics = Statistics {
            mean: &mean,
            variance: &variance,
        };
        normalise(&x, statistics, &gamma, &beta, EPSILON as f32, &mut y);
        let expected = normalised(&doubles(&x), &doubles(&gamma), &doubles(&beta));
        // A mean of 1000 is known to 2^-15 only, of values of about size 0.5.
        near("result", &y, &expected, 2e-4);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let (rows, channels) = (9, 3);
    let x = numbers(rows * channels, 1);
    let (gamma, beta) = (numbers(channels, 2), numbers(channels, 3));
    let dy = numbers(x.len(), 4);
    let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
    moments(&x, &mut mean, &mut variance);
    let [mut dgamma, mut dbeta] = [vec![f32::NAN; channels], vec![f32::NAN; channels]];
    let mut dx = vec![f32::NAN; x.len()];
    let statistics = Statistics {
        mean: &mean,
        variance: &variance,
    };
    let out = [&mut dgamma[..], &mut dbeta[..], &mut dx[..]];
    gradients(&x, statistics, &gamma, &dy, EPSILON as f32, out);
    let inputs = [doubles(&x), doubles(&gamma), doubles(&beta)];
    let loss = |[x, gamma, beta]: &[Vec<f64>; 3]| {
        let y = normalised(x, gamma, beta);
        y.iter()
            .zip(&dy)
            .map(|(y, &d)| y * f64::from(d))
            .sum::<f64>()
    };
    let step = 1e-5;
    for (which, actual) in [&dx, &dgamma, &dbeta].into_iter().enumerate() {
        let slopes: Vec<f64> = (0..actual.len())
            .map(|i| {
                let [up, down] = [step, -step].map(|step| {
                    let mut moved = inputs.clone();
                    moved[which][i] += step;
                    loss(&moved)
                });
                (up - down) / (2.0 * step)
            })
            .collect();
        near("gradient", actual, &slopes, 3e-6);
    }
}

#[test]
fn no_rows_have_statistics_and_gradients_of_zero() {
    let (mut mean, mut variance) = (vec![1.0; 2], vec![1.0; 2]);
    moments(&[], &mut mean, &mut variance);
    assert_eq!((mean, variance), (vec![0.0; 2], vec![0.0; 2]));
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let channels = 33;
    let (x, dy) = (numbers(3000 * channels, 1), numbers(3000 * channels, 2));
    let gamma = numbers(channels, 3);
    let run = || {
        let (mut mean, mut variance) = (vec![0.0; channels], vec![0.0; channels]);
        moments(&x, &mut mean, &mut variance);
        let mut all = vec![0.0; 2 * channels + x.len()];
        let (dgamma, rest) = all.split_at_mut(channels);
        let (dbeta, dx) = rest.split_at_mut(channels);
        let statistics = Statistics {
            mean: &mean,
            variance: &variance,
        };
        gradients(
            &x,
            statistics,
            &gamma,
            &dy,
            EPSILON as f32,
            [dgamma, dbeta, dx],
        );
        (mean, variance, all)
    };
    assert!(with_threads(1, run) == with_threads(3, run));
}
