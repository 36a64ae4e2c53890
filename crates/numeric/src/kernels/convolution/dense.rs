//! Convolutions whose groups have many channels, as matrix products of gathered rows.

use std::ops::Range;

use super::super::gemm::{self, Precision, Problem, SharedScratch, Strided};
use super::super::split::{self, Shared};
use super::columns::{Columns, Taps};
use super::shape::Convolution;

/// Elements of rows that are gathered at a time by one thread, to stay in its second cache.
const OWN_BLOCK: usize = 3 << 16;
/// Elements of a filter up to which each thread has products of its own: each packs the filter again.
const SMALL_FILTER: usize = 1 << 17;
/// Elements of rows that are gathered at a time by all threads.
const BLOCK: usize = 1 << 21;
/// Blocks have a multiple of so many rows: whole tiles of any instruction set.
const ROWS: usize = 84;

/// Columns of a panel of b on processors with AVX-512: rows for one panel are used where they lie, without being packed.
const PANEL: usize = 32;

/// The parts of a result of `width` columns that are products of their own: panels where there are few, which saves packing the rows that
/// are gathered anyway. Not in bfloat16, which is made by packing; and not of rows that fall on each other in the first cache.
fn slices(width: usize, row: usize, precision: Precision) -> impl Iterator<Item = Range<usize>> {
    let few = precision == Precision::F32 && width <= 2 * PANEL && !row.is_multiple_of(1024);
    let step = if few { PANEL } else { width };
    (0..width)
        .step_by(step)
        .map(move |first| first..(first + step).min(width))
}

/// Rows of a block of about `elements`.
fn rows_of(elements: usize, depth: usize, all: usize) -> usize {
    let rows = (elements / depth.max(1)).max(1);
    let whole = if rows > ROWS {
        rows - rows % ROWS
    } else {
        rows
    };
    whole.min(all).max(1)
}

/// Where the result of a window goes: elements between images, rows and columns of windows, and the first one.
struct Place {
    first: usize,
    image: usize,
    row: usize,
    column: usize,
}

impl Place {
    /// Elements between two windows, where it is the same everywhere.
    fn even(&self, grid: [usize; 2]) -> Option<usize> {
        (self.row == grid[1] * self.column && self.image == grid[0] * self.row)
            .then_some(self.column)
    }

    fn of(&self, window: usize, grid: [usize; 2]) -> usize {
        let (line, j) = (window / grid[1], window % grid[1]);
        let (image, i) = (line / grid[0], line % grid[0]);
        self.first + image * self.image + i * self.row + j * self.column
    }
}

/// out[window] = row of the window · b, for all windows.
///
/// # Safety
/// `b` holds depth × width elements, and `place` lies in `out` with `width` elements for each window, which nothing else uses.
unsafe fn multiply(
    columns: &Columns<'_>,
    b: Strided,
    width: usize,
    precision: Precision,
    place: &Place,
    out: Shared,
) {
    let (rows, depth, grid) = (columns.rows(), columns.depth(), columns.grid());
    if rows == 0 || width == 0 {
        return;
    }
    let even = place.even(grid);
    let problem = |rows: usize, columns: usize, parallel: bool| Problem {
        rows,
        columns,
        depth,
        precision,
        scale: 1.0,
        add: false,
        parallel,
    };
    if let (Some(a), Some(row)) = (columns.in_place(), even) {
        // SAFETY: the caller's promise; the rows are the elements of the image.
        unsafe {
            let c = (out.at(place.first), row);
            gemm::product(problem(rows, width, true), a, b, c, &gemm::as_it_is);
        }
        return;
    }
    let small = depth * width <= SMALL_FILTER;
    let high = rows_of(if small { OWN_BLOCK } else { BLOCK }, depth, rows);
    let block = |index: usize| {
        let (first, count) = (index * high, high.min(rows - index * high));
        let parallel = !small;
        let mut scratch = SharedScratch::of(count * depth);
        let gathered = scratch.floats(count * depth);
        if parallel {
            columns.fill_by_all(first, gathered);
        } else {
            columns.fill(first, gathered);
        }
        let a = Strided {
            data: gathered.as_ptr(),
            outer: depth,
            depth: 1,
        };
        if let Some(row) = even {
            for columns in slices(width, depth, precision) {
                // SAFETY: the caller's promise; each block has its own windows.
                unsafe {
                    let c = (out.at(place.first + first * row + columns.start), row);
                    let b = b.at(columns.start, 0);
                    let problem = problem(count, columns.len(), parallel);
                    gemm::product(problem, a, b, c, &gemm::as_it_is);
                }
            }
            return;
        }
        let mut results = SharedScratch::of(count * width);
        let results = results.floats(count * width);
        // SAFETY: as above, into memory of its own.
        unsafe {
            let c = (results.as_mut_ptr(), width);
            gemm::product(problem(count, width, parallel), a, b, c, &gemm::as_it_is);
        }
        for (window, values) in (first..).zip(results.chunks_exact(width)) {
            // SAFETY: as above.
            unsafe {
                let to = out.at(place.of(window, grid));
                to.copy_from_nonoverlapping(values.as_ptr(), width);
            }
        }
    };
    let blocks = rows.div_ceil(high);
    if small {
        split::each(blocks, high * depth * width, block);
    } else {
        (0..blocks).for_each(block);
    }
}

/// The windows of a convolution as they are.
fn windows<'a>(shape: &Convolution, x: &'a [f32], group: usize) -> Columns<'a> {
    let window = &shape.window;
    let count = shape.group_inputs();
    let offsets = [0, 1].map(|axis| {
        (0..window.kernel[axis])
            .map(|tap| (tap * window.dilation[axis]) as isize - window.pad[axis] as isize)
            .collect()
    });
    let taps = Taps {
        grid: window.grid,
        step: window.stride,
        offsets,
    };
    let part = group * count..(group + 1) * count;
    Columns::new(x, window.image, shape.inputs, part, taps)
}

pub fn forward(
    shape: &Convolution,
    x: &[f32],
    filter: &[f32],
    precision: Precision,
    y: &mut [f32],
) {
    if x.is_empty() || filter.is_empty() {
        return y.fill(0.0);
    }
    let width = shape.group_outputs();
    let out = Shared(y.as_mut_ptr());
    let [height, across] = shape.window.grid;
    for group in 0..shape.groups {
        let columns = windows(shape, x, group);
        let b = Strided {
            data: filter[group * width..].as_ptr(),
            outer: 1,
            depth: shape.outputs,
        };
        let place = Place {
            first: group * width,
            image: height * across * shape.outputs,
            row: across * shape.outputs,
            column: shape.outputs,
        };
        // SAFETY: the sizes have been checked, and no other product runs.
        unsafe { multiply(&columns, b, width, precision, &place, out) };
    }
}

/// The windows that an element of the image lies in along an axis, for every stride-th element from `first` on: which taps see it, and the
/// first window of each; in the order of the windows.
fn seen_by(shape: &Convolution, axis: usize, first: usize) -> Vec<(usize, isize)> {
    let window = &shape.window;
    let stride = window.stride[axis] as isize;
    let mut taps: Vec<(usize, isize)> = (0..window.kernel[axis])
        .filter_map(|tap| {
            let from = (first + window.pad[axis]) as isize - (tap * window.dilation[axis]) as isize;
            (from.rem_euclid(stride) == 0).then(|| (tap, from.div_euclid(stride)))
        })
        .collect();
    taps.sort_by_key(|&(_, window)| window);
    taps
}

/// Elements of the image that are a stride apart see the same taps: each such phase is a convolution of dy by those, without a stride.
pub fn input_gradient(
    shape: &Convolution,
    dy: &[f32],
    filter: &[f32],
    precision: Precision,
    dx: &mut [f32],
) {
    let window = &shape.window;
    let [[height, width], stride] = [window.image, window.stride];
    if dx.is_empty() {
        return;
    }
    let (inputs, outputs) = (shape.group_inputs(), shape.group_outputs());
    for row in 0..stride[0].min(height) {
        for column in 0..stride[1].min(width) {
            let taps = [seen_by(shape, 0, row), seen_by(shape, 1, column)];
            let grid = [
                (height - row).div_ceil(stride[0]),
                (width - column).div_ceil(stride[1]),
            ];
            for group in 0..shape.groups {
                let place = Place {
                    first: (row * width + column) * shape.inputs + group * inputs,
                    image: height * width * shape.inputs,
                    row: stride[0] * width * shape.inputs,
                    column: stride[1] * shape.inputs,
                };
                let columns = Columns::new(
                    dy,
                    window.grid,
                    shape.outputs,
                    group * outputs..(group + 1) * outputs,
                    Taps {
                        grid,
                        step: [1, 1],
                        offsets: taps
                            .each_ref()
                            .map(|along| along.iter().map(|&(_, first)| first).collect()),
                    },
                );
                let depth = columns.depth();
                if depth == 0 || dy.is_empty() {
                    for at in (0..window.batch * grid[0] * grid[1]).map(|at| place.of(at, grid)) {
                        dx[at..at + inputs].fill(0.0);
                    }
                    continue;
                }
                let mut scratch = SharedScratch::of(inputs * depth);
                let turned = scratch.floats(inputs * depth);
                turn(shape, filter, group, &taps, turned);
                let b = Strided {
                    data: turned.as_ptr(),
                    outer: depth,
                    depth: 1,
                };
                let out = Shared(dx.as_mut_ptr());
                // SAFETY: the sizes have been checked, and no other product runs.
                unsafe { multiply(&columns, b, inputs, precision, &place, out) };
            }
        }
    }
}

/// The taps of a filter for one phase: (input channels, taps, output channels) of a group.
fn turn(
    shape: &Convolution,
    filter: &[f32],
    group: usize,
    [rows, columns]: &[Vec<(usize, isize)>; 2],
    out: &mut [f32],
) {
    let (inputs, outputs) = (shape.group_inputs(), shape.group_outputs());
    let depth = rows.len() * columns.len() * outputs;
    split::rows(out, depth, |first, part| {
        for (input, part) in (first..).zip(part.chunks_exact_mut(depth)) {
            let mut to = part.chunks_exact_mut(outputs);
            for &(row, _) in rows {
                for (&(column, _), to) in columns.iter().zip(&mut to) {
                    let tap = row * shape.window.kernel[1] + column;
                    let from = (tap * inputs + input) * shape.outputs + group * outputs;
                    to.copy_from_slice(&filter[from..from + outputs]);
                }
            }
        }
    });
}

pub fn filter_gradient(
    shape: &Convolution,
    x: &[f32],
    dy: &[f32],
    precision: Precision,
    filter: &mut [f32],
) {
    let width = shape.group_outputs();
    if x.is_empty() || dy.is_empty() {
        return filter.fill(0.0);
    }
    for group in 0..shape.groups {
        let columns = windows(shape, x, group);
        let (rows, depth) = (columns.rows(), columns.depth());
        let in_place = columns.in_place();
        let high = if in_place.is_some() {
            rows
        } else {
            rows_of(BLOCK, depth, rows)
        };
        for first in (0..rows).step_by(high) {
            let count = high.min(rows - first);
            let mut scratch = SharedScratch::of(if in_place.is_some() { 0 } else { count * depth });
            let rows = match in_place {
                Some(rows) => rows,
                None => {
                    let gathered = scratch.floats(count * depth);
                    columns.fill_by_all(first, gathered);
                    Strided {
                        data: gathered.as_ptr(),
                        outer: depth,
                        depth: 1,
                    }
                }
            };
            // Transposed: what was a row is a term.
            let a = Strided {
                data: rows.data,
                outer: rows.depth,
                depth: rows.outer,
            };
            for columns in slices(width, 1, precision) {
                let column = group * width + columns.start;
                let problem = Problem {
                    rows: depth,
                    columns: columns.len(),
                    depth: count,
                    precision,
                    scale: 1.0,
                    add: first > 0,
                    parallel: true,
                };
                let b = Strided {
                    data: dy[first * shape.outputs + column..].as_ptr(),
                    outer: 1,
                    depth: shape.outputs,
                };
                let c = (filter[column..].as_mut_ptr(), shape.outputs);
                // SAFETY: the sizes have been checked, and no other product runs.
                unsafe { gemm::product(problem, a, b, c, &gemm::as_it_is) };
            }
        }
    }
}
