//! Convolutions by their definition in f64, gradients as the transposes of it, and the same bits on any number of threads.

use super::super::testing::{near, numbers, with_threads};
use super::super::window::Window;
use super::*;

/// Calls `term` with the indices in x, filter and y of each product of the definition.
fn each_term(shape: &Convolution, mut term: impl FnMut(usize, usize, usize)) {
    let w = &shape.window;
    let (cin, cout) = (shape.group_inputs(), shape.group_outputs());
    for b in 0..w.batch {
        for (i, j) in (0..w.grid[0]).flat_map(|i| (0..w.grid[1]).map(move |j| (i, j))) {
            for (p, q) in (0..w.kernel[0]).flat_map(|p| (0..w.kernel[1]).map(move |q| (p, q))) {
                let row = (i * w.stride[0] + p * w.dilation[0]) as isize - w.pad[0] as isize;
                let column = (j * w.stride[1] + q * w.dilation[1]) as isize - w.pad[1] as isize;
                let inside = |at: isize, size: usize| at >= 0 && at < size as isize;
                if !inside(row, w.image[0]) || !inside(column, w.image[1]) {
                    continue;
                }
                let (row, column) = (row as usize, column as usize);
                for o in 0..shape.outputs {
                    for c in 0..cin {
                        let channel = o / cout * cin + c;
                        let x = ((b * w.image[0] + row) * w.image[1] + column) * shape.inputs;
                        let filter = ((p * w.kernel[1] + q) * cin + c) * shape.outputs + o;
                        let y = ((b * w.grid[0] + i) * w.grid[1] + j) * shape.outputs + o;
                        term(x + channel, filter, y);
                    }
                }
            }
        }
    }
}

fn shape(
    batch: usize,
    image: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    [before, after]: [[usize; 2]; 2],
    (inputs, outputs, groups): (usize, usize, usize),
) -> Convolution {
    let grid = [0, 1].map(|axis| {
        let span = (kernel[axis] - 1) * dilation[axis] + 1;
        (image[axis] + before[axis] + after[axis] - span) / stride[axis] + 1
    });
    Convolution {
        window: Window {
            batch,
            image,
            grid,
            kernel,
            stride,
            dilation,
            pad: before,
        },
        inputs,
        outputs,
        groups,
    }
}

/// Odd sizes, one-sided padding, strides above the kernel, dilation, groups, one tap, one row, no image.
fn shapes() -> Vec<Convolution> {
    let none = [[0, 0], [0, 0]];
    let one = [1, 1];
    let around = [[1, 1], [1, 1]];
    let mut all = vec![
        shape(2, [7, 6], [3, 2], one, one, none, (3, 4, 1)),
        shape(2, [7, 6], [3, 3], one, one, around, (5, 4, 1)),
        shape(1, [9, 11], [3, 3], [2, 2], one, [[0, 0], [1, 1]], (4, 7, 1)),
        shape(2, [9, 11], [2, 2], [3, 4], one, none, (3, 5, 1)),
        shape(
            2,
            [9, 11],
            [3, 2],
            [2, 3],
            [2, 3],
            [[2, 1], [1, 2]],
            (3, 5, 1),
        ),
        shape(2, [8, 9], [1, 1], one, one, none, (17, 33, 1)),
        shape(2, [8, 9], [1, 1], [2, 3], one, none, (17, 5, 1)),
        shape(2, [8, 9], [1, 1], one, one, none, (18, 27, 3)),
        shape(2, [8, 9], [3, 3], one, one, around, (18, 27, 3)),
        shape(
            1,
            [8, 9],
            [3, 3],
            [2, 1],
            [1, 2],
            [[1, 2], [1, 2]],
            (8, 24, 2),
        ),
        shape(3, [1, 50], [1, 5], [1, 2], one, [[0, 2], [0, 2]], (7, 9, 1)),
        shape(
            2,
            [29, 28],
            [7, 7],
            [2, 2],
            one,
            [[3, 3], [3, 3]],
            (3, 64, 1),
        ),
        // A filter too large for products of each thread, and several blocks of rows.
        shape(2, [33, 31], [3, 3], one, one, around, (160, 96, 1)),
        shape(0, [5, 5], [3, 3], one, one, none, (3, 4, 1)),
        shape(1, [3, 3], [3, 3], [4, 4], one, [[3, 3], [3, 3]], (2, 3, 1)),
    ];
    // Groups of few channels, and of one.
    all.extend([
        shape(2, [8, 9], [1, 1], one, one, none, (6, 9, 3)),
        shape(2, [8, 9], [3, 3], one, one, around, (40, 48, 8)),
        shape(
            1,
            [8, 9],
            [3, 3],
            [2, 1],
            [1, 2],
            [[1, 2], [1, 2]],
            (8, 4, 2),
        ),
        shape(2, [7, 6], [3, 3], one, one, around, (5, 5, 5)),
        shape(
            2,
            [19, 21],
            [7, 7],
            one,
            one,
            [[3, 3], [3, 3]],
            (33, 33, 33),
        ),
        shape(
            1,
            [9, 11],
            [3, 2],
            [2, 3],
            one,
            [[0, 1], [1, 0]],
            (4, 12, 4),
        ),
        shape(
            2,
            [9, 11],
            [3, 3],
            one,
            [2, 3],
            [[2, 3], [2, 3]],
            (17, 17, 17),
        ),
        shape(2, [9, 11], [2, 2], [3, 4], one, none, (3, 6, 3)),
        shape(
            1,
            [1, 400],
            [1, 11],
            one,
            one,
            [[0, 10], [0, 0]],
            (18, 18, 18),
        ),
        shape(0, [5, 5], [3, 3], one, one, none, (4, 4, 4)),
        shape(
            1,
            [130, 140],
            [5, 5],
            [2, 2],
            one,
            [[2, 2], [2, 2]],
            (16, 16, 16),
        ),
    ]);
    all
}

struct Results {
    y: Vec<f32>,
    dx: Vec<f32>,
    filter: Vec<f32>,
}

fn run(shape: &Convolution, precision: Precision) -> Results {
    let [x, filter, dy] = operands(shape);
    // What the memory held before must not matter.
    let out = |size: usize| vec![f32::NAN; size];
    let mut results = Results {
        y: out(dy.len()),
        dx: out(x.len()),
        filter: out(filter.len()),
    };
    shape.forward(&x, &filter, precision, &mut results.y);
    shape.input_gradient(&dy, &filter, precision, &mut results.dx);
    shape.filter_gradient(&x, &dy, precision, &mut results.filter);
    results
}

fn operands(shape: &Convolution) -> [Vec<f32>; 3] {
    let sizes = [shape.input_size(), shape.filter_size(), shape.output_size()];
    [0, 1, 2].map(|i| numbers(sizes[i], 1 + i as u64))
}

#[test]
fn results_and_gradients_are_those_of_the_definition() {
    for shape in shapes() {
        let [x, filter, dy] = operands(&shape).map(|a| a.into_iter().map(f64::from).collect());
        let [x, filter, dy]: [Vec<f64>; 3] = [x, filter, dy];
        let mut y = vec![0.0; dy.len()];
        let mut dx = vec![0.0; x.len()];
        let mut slope = vec![0.0; filter.len()];
        each_term(&shape, |at, tap, window| {
            y[window] += x[at] * filter[tap];
            dx[at] += dy[window] * filter[tap];
            slope[tap] += x[at] * dy[window];
        });
        let results = run(&shape, Precision::F32);
        let name = |part: &str| format!("{part} of {shape:?}");
        // Sums of up to 2,000 terms below 1, each within 2^-24.
        near(&name("result"), &results.y, &y, 2e-5);
        near(&name("input gradient"), &results.dx, &dx, 2e-5);
        near(&name("filter gradient"), &results.filter, &slope, 4e-5);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for shape in shapes() {
        let [one, three] = [1, 3].map(|count| with_threads(count, || run(&shape, Precision::F32)));
        assert!(
            one.y == three.y && one.dx == three.dx && one.filter == three.filter,
            "{shape:?}"
        );
    }
}

#[test]
fn bfloat16_products_round_their_operands() {
    let shape = shape(
        2,
        [20, 20],
        [3, 3],
        [1, 1],
        [1, 1],
        [[1, 1], [1, 1]],
        (16, 32, 1),
    );
    let rounded = |x: f32| f64::from(half::bf16::from_f32(x));
    let [x, filter, _] = operands(&shape);
    let mut y = vec![0.0; shape.output_size()];
    each_term(&shape, |at, tap, window| {
        y[window] += rounded(x[at]) * rounded(filter[tap]);
    });
    near("rounded", &run(&shape, Precision::Bf16).y, &y, 2e-5);
    assert!(run(&shape, Precision::Bf16).y != run(&shape, Precision::F32).y);
}

#[test]
#[should_panic(expected = "other sizes")]
fn arrays_of_other_sizes_are_refused() {
    let shape = shape(
        1,
        [5, 5],
        [3, 3],
        [1, 1],
        [1, 1],
        [[0, 0], [0, 0]],
        (2, 3, 1),
    );
    let [x, filter, mut y] = operands(&shape);
    shape.forward(&x[1..], &filter, Precision::F32, &mut y);
}
