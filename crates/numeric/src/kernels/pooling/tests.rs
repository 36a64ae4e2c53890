//! Pools by their definition in f64.

use super::super::testing::{near, numbers, with_threads};
use super::*;

fn window(
    batch: usize,
    image: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    pad: [usize; 2],
) -> Window {
    Window {
        batch,
        image,
        grid: [0, 1].map(|axis| (image[axis] + 2 * pad[axis] - kernel[axis]) / stride[axis] + 1),
        kernel,
        stride,
        dilation: [1, 1],
        pad,
    }
}

fn cases() -> Vec<(Window, usize)> {
    vec![
        (window(2, [7, 6], [3, 2], [1, 1], [0, 0]), 5),
        (window(2, [13, 15], [3, 3], [2, 2], [1, 1]), 70),
        (window(1, [9, 11], [2, 2], [3, 4], [0, 0]), 3),
        (window(1, [1, 300], [1, 5], [1, 5], [0, 2]), 130),
        (window(3, [8, 8], [8, 8], [1, 1], [0, 0]), 64),
        (window(0, [8, 8], [3, 3], [1, 1], [0, 0]), 4),
        (
            Window {
                dilation: [2, 3],
                grid: [4, 2],
                ..window(1, [9, 9], [3, 3], [1, 1], [0, 0])
            },
            4,
        ),
    ]
}

/// The elements of x under each element of y, in the order of the taps.
fn under(window: &Window, channels: usize) -> Vec<Vec<usize>> {
    let mut all = Vec::new();
    for b in 0..window.batch {
        for (i, j) in (0..window.grid[0]).flat_map(|i| (0..window.grid[1]).map(move |j| (i, j))) {
            for channel in 0..channels {
                let mut seen = Vec::new();
                for (p, q) in
                    (0..window.kernel[0]).flat_map(|p| (0..window.kernel[1]).map(move |q| (p, q)))
                {
                    let at = [(0, i, p), (1, j, q)].map(|(axis, at, tap)| {
                        (at * window.stride[axis] + tap * window.dilation[axis])
                            .checked_sub(window.pad[axis])
                            .filter(|&at| at < window.image[axis])
                    });
                    if let [Some(row), Some(column)] = at {
                        let pixel = (b * window.image[0] + row) * window.image[1] + column;
                        seen.push(pixel * channels + channel);
                    }
                }
                all.push(seen);
            }
        }
    }
    all
}

#[test]
fn maxima_and_their_gradients() {
    for (window, channels) in cases() {
        // Few values, so that maxima occur more than once in a window.
        let few = |x: f32| (x * 4.0).round() / 4.0;
        let x: Vec<f32> = numbers(window.pixels() * channels, 1)
            .into_iter()
            .map(few)
            .collect();
        let dy = numbers(window.windows() * channels, 2);
        let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
        forward(Pooling::Max, &window, channels, &x, &mut y);
        max_gradient(&window, channels, &x, &y, &dy, &mut dx);
        let mut slopes = vec![0.0; x.len()];
        let mut maxima = Vec::new();
        for (seen, &dy) in under(&window, channels).iter().zip(&dy) {
            let top = seen
                .iter()
                .map(|&at| x[at])
                .fold(f32::NEG_INFINITY, f32::max);
            let first = seen
                .iter()
                .find(|&&at| x[at] == top)
                .expect("a window has elements");
            slopes[*first] += f64::from(dy);
            maxima.push(f64::from(top));
        }
        near("maxima", &y, &maxima, 0.0);
        near("gradient", &dx, &slopes, 1e-6);
    }
}

#[test]
fn means_and_their_gradients() {
    for (window, channels) in cases() {
        let x = numbers(window.pixels() * channels, 1);
        let dy = numbers(window.windows() * channels, 2);
        let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
        forward(Pooling::Mean, &window, channels, &x, &mut y);
        mean_gradient(&window, channels, &dy, &mut dx);
        let mut slopes = vec![0.0; x.len()];
        let mut means = Vec::new();
        for (seen, &dy) in under(&window, channels).iter().zip(&dy) {
            let count = seen.len() as f64;
            means.push(seen.iter().map(|&at| f64::from(x[at])).sum::<f64>() / count);
            seen.iter()
                .for_each(|&at| slopes[at] += f64::from(dy) / count);
        }
        near("means", &y, &means, 1e-6);
        near("gradient", &dx, &slopes, 1e-6);
    }
}

#[test]
fn a_nan_is_the_maximum_and_gets_the_gradient() {
    let window = window(1, [1, 4], [1, 2], [1, 2], [0, 0]);
    let (x, mut y, mut dx) = ([1.0, f32::NAN, 2.0, 3.0], [0.0; 2], [0.0; 4]);
    forward(Pooling::Max, &window, 1, &x, &mut y);
    assert!(y[0].is_nan() && y[1] == 3.0);
    max_gradient(&window, 1, &x, &y, &[5.0, 7.0], &mut dx);
    assert_eq!(dx, [0.0, 5.0, 0.0, 7.0]);
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let (window, channels) = (window(2, [40, 41], [3, 3], [2, 2], [1, 1]), 70);
    let (x, dy) = (
        numbers(window.pixels() * channels, 1),
        numbers(window.windows() * channels, 2),
    );
    let run = || {
        let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
        forward(Pooling::Max, &window, channels, &x, &mut y);
        max_gradient(&window, channels, &x, &y, &dy, &mut dx);
        let mut mean = vec![0.0; x.len()];
        mean_gradient(&window, channels, &dy, &mut mean);
        (y, dx, mean)
    };
    assert!(with_threads(1, run) == with_threads(3, run));
}
