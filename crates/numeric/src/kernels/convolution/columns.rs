//! A convolution seen as a matrix product: the rows of the left operand are windows, its columns the channels of their taps.

use std::ops::Range;

use super::super::gemm::Strided;
use super::super::simd::simd;
use super::super::split;

/// Taps whose channels lie behind each other in the image.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Column of the image for the window at 0.
    first: isize,
    taps: usize,
}

/// The matrix, which exists a block of rows at a time.
pub struct Columns<'a> {
    image: &'a [f32],
    size: [usize; 2],
    channels: usize,
    /// The channels that take part.
    part: Range<usize>,
    grid: [usize; 2],
    step: [usize; 2],
    /// Rows of the image for the window at 0, one of each row of taps.
    tap_rows: Vec<isize>,
    runs: Vec<Run>,
    taps: usize,
}

/// Windows and their taps along both axes: window i sees the elements i · step + tap.
pub struct Taps {
    pub grid: [usize; 2],
    pub step: [usize; 2],
    pub offsets: [Vec<isize>; 2],
}

impl<'a> Columns<'a> {
    /// Of images (…, size, channels), of which `part` of the channels take part.
    pub fn new(
        image: &'a [f32],
        size: [usize; 2],
        channels: usize,
        part: Range<usize>,
        taps: Taps,
    ) -> Self {
        let Taps {
            grid,
            step,
            offsets: [tap_rows, tap_columns],
        } = taps;
        let together = part.len() == channels;
        let mut runs: Vec<Run> = Vec::new();
        for &offset in &tap_columns {
            match runs.last_mut() {
                Some(run) if together && run.first + run.taps as isize == offset => run.taps += 1,
                _ => runs.push(Run {
                    first: offset,
                    taps: 1,
                }),
            }
        }
        Self {
            image,
            size,
            channels,
            part,
            grid,
            step,
            taps: tap_rows.len() * tap_columns.len(),
            tap_rows,
            runs,
        }
    }

    /// Windows of all images.
    pub fn rows(&self) -> usize {
        let pixels = self.size[0] * self.size[1] * self.channels;
        let batch = self.image.len().checked_div(pixels).unwrap_or(0);
        batch * self.grid[0] * self.grid[1]
    }

    pub fn grid(&self) -> [usize; 2] {
        self.grid
    }

    /// Terms of a sum.
    pub fn depth(&self) -> usize {
        self.taps * self.part.len()
    }

    /// The matrix where the image lies, if each window is one element of it and the windows are all of them.
    pub fn in_place(&self) -> Option<Strided> {
        let single = self.tap_rows == [0] && self.runs.len() == 1 && self.taps == 1;
        let all = self.runs.first().is_some_and(|run| run.first == 0)
            && self.step == [1, 1]
            && self.grid == self.size;
        (single && all).then(|| Strided {
            data: self.image[self.part.start..].as_ptr(),
            outer: self.channels,
            depth: 1,
        })
    }

    /// Writes rows from `first` on, as many as `out` has room for.
    pub fn fill(&self, first: usize, out: &mut [f32]) {
        fill_rows(self, first, out);
    }

    /// As `fill`, on all threads.
    pub fn fill_by_all(&self, first: usize, out: &mut [f32]) {
        split::rows(out, self.depth(), |start, part| {
            fill_rows(self, first + start, part)
        });
    }
}

/// Elements that are moved at a time.
const CHUNK: usize = 16;

/// Copies `count` elements; where both arrays have room, in whole chunks, so that what follows in `out` is written later.
#[inline(always)]
fn copy(image: &[f32], from: usize, out: &mut [f32], to: usize, count: usize) {
    let whole = count.next_multiple_of(CHUNK);
    if count > 4 * CHUNK || from + whole > image.len() || to + whole > out.len() {
        out[to..to + count].copy_from_slice(&image[from..from + count]);
        return;
    }
    let (from, to) = (&image[from..from + whole], &mut out[to..to + whole]);
    for (to, from) in to.chunks_exact_mut(CHUNK).zip(from.chunks_exact(CHUNK)) {
        to.copy_from_slice(from);
    }
}

simd! {
    fn fill_rows(columns: &Columns<'_>, first: usize, out: &mut [f32]) {
        let Columns { image, channels, grid, step, .. } = *columns;
        let [height, width] = columns.size;
        let count = columns.part.len();
        let mut at = 0;
        for row in first..first + out.len() / columns.depth() {
            let (place, j) = (row / grid[1], row % grid[1]);
            let (batch, i) = (place / grid[0], place % grid[0]);
            for &tap in &columns.tap_rows {
                let line = (i * step[0]) as isize + tap;
                if line < 0 || line >= height as isize {
                    let end = at + columns.runs.iter().map(|run| run.taps * count).sum::<usize>();
                    out[at..end].fill(0.0);
                    at = end;
                    continue;
                }
                let line = (batch * height + line as usize) * width;
                for run in &columns.runs {
                    let from = (j * step[1]) as isize + run.first;
                    let before = usize::try_from(-from).unwrap_or(0).min(run.taps);
                    let inside = usize::try_from(width as isize - from).unwrap_or(0).clamp(before, run.taps);
                    out[at..at + before * count].fill(0.0);
                    if inside > before {
                        let pixel = (line as isize + from + before as isize) as usize;
                        let place = at + before * count;
                        copy(image, pixel * channels + columns.part.start, out, place, (inside - before) * count);
                    }
                    out[at + inside * count..at + run.taps * count].fill(0.0);
                    at += run.taps * count;
                }
            }
        }
    }
}
