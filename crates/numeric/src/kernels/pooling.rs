//! Maxima and means over windows of images (batch, rows, columns, channels), with gradients. What a window has beyond the image does not count.

use super::simd::simd;
use super::split::{self, Shared};
use super::window::Window;

/// Maxima or means over windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Pooling {
    Max,
    Mean,
}

/// The elements of the image under window (i, j), as indices of pixels.
#[inline(always)]
fn pixels_of(
    window: &Window,
    image: usize,
    [i, j]: [usize; 2],
) -> impl DoubleEndedIterator<Item = usize> + Clone {
    let (rows, top) = window.inside(0, i);
    let (columns, left) = window.inside(1, j);
    let [height, width] = window.image;
    let dilation = window.dilation;
    rows.flat_map(move |p| {
        let line = (top + (p * dilation[0]) as isize) as usize + image * height;
        columns
            .clone()
            .map(move |q| line * width + (left + (q * dilation[1]) as isize) as usize)
    })
}

#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

simd! {
    fn pool_rows(kind: Pooling, window: &Window, channels: usize, x: &[f32], first: usize, out: &mut [f32]) {
        for (line, out) in (first..).zip(out.chunks_exact_mut(window.grid[1] * channels)) {
            let (image, i) = (line / window.grid[0], line % window.grid[0]);
            for (j, y) in out.chunks_exact_mut(channels).enumerate() {
                y.fill(if kind == Pooling::Max { f32::NEG_INFINITY } else { 0.0 });
                let mut count = 0;
                for pixel in pixels_of(window, image, [i, j]) {
                    let seen = &x[pixel * channels..][..channels];
                    match kind {
                        Pooling::Max => y.iter_mut().zip(seen).for_each(|(y, &v)| *y = larger(*y, v)),
                        Pooling::Mean => y.iter_mut().zip(seen).for_each(|(y, &v)| *y += v),
                    }
                    count += 1;
                }
                if kind == Pooling::Mean {
                    let factor = 1.0 / count as f32;
                    y.iter_mut().for_each(|y| *y *= factor);
                }
            }
        }
    }
}

fn check(window: &Window, channels: usize, x: usize, y: usize) {
    window.check();
    assert!(
        x == window.pixels() * channels && y == window.windows() * channels,
        "arrays of other sizes than the windows'"
    );
}

/// y (batch, grid, channels): NaN where a window has one; a window beyond the image has the maximum −∞ and the mean NaN.
pub fn forward(kind: Pooling, window: &Window, channels: usize, x: &[f32], y: &mut [f32]) {
    check(window, channels, x.len(), y.len());
    let width = window.grid[1] * channels;
    split::rows(y, width.max(1), |first, part| {
        pool_rows(kind, window, channels, x, first, part);
    });
}

/// Channels of a task of a gradient.
const STRIP: usize = 64;

/// A strip of channels of one image.
#[derive(Clone, Copy)]
struct Strip {
    image: usize,
    first: usize,
    count: usize,
}

/// Runs `work` for each strip, after it has become 0 in dx.
fn each_strip(window: &Window, channels: usize, dx: Shared, work: impl Fn(Strip) + Sync + Send) {
    let strips = channels.div_ceil(STRIP);
    let pixels = window.image[0] * window.image[1];
    split::each(window.batch * strips, pixels * STRIP, |index| {
        let (image, first) = (index / strips, index % strips * STRIP);
        let count = STRIP.min(channels - first);
        for pixel in image * pixels..(image + 1) * pixels {
            // SAFETY: inside dx, and each strip has its own channels.
            unsafe { strip_of(dx, pixel * channels + first, count) }.fill(0.0);
        }
        work(Strip {
            image,
            first,
            count,
        });
    });
}

/// # Safety
/// The elements lie in the array, and nothing else uses them meanwhile.
#[inline(always)]
unsafe fn strip_of<'a>(array: Shared, at: usize, count: usize) -> &'a mut [f32] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(array.at(at), count) }
}

simd! {
    fn max_strip(window: &Window, channels: usize, strip: Strip, x: &[f32], y: &[f32], dy: &[f32], dx: Shared) {
        let Strip { image, first, count } = strip;
        let mut places = [0u32; STRIP];
        let places = &mut places[..count];
        let base = image * window.image[0] * window.image[1];
        for i in 0..window.grid[0] {
            for j in 0..window.grid[1] {
                let at = ((image * window.grid[0] + i) * window.grid[1] + j) * channels + first;
                let (top, slopes) = (&y[at..at + count], &dy[at..at + count]);
                let mut seen = false;
                // From the last tap to the first, which is the one that stays.
                for pixel in pixels_of(window, image, [i, j]).rev() {
                    let values = &x[pixel * channels + first..][..count];
                    let own = (pixel - base) as u32;
                    for ((place, &value), &top) in places.iter_mut().zip(values).zip(top) {
                        *place = if !seen | (value == top) | value.is_nan() { own } else { *place };
                    }
                    seen = true;
                }
                if !seen {
                    continue;
                }
                for (lane, (&place, &slope)) in places.iter().zip(slopes).enumerate() {
                    let at = (base + place as usize) * channels + first + lane;
                    // SAFETY: a pixel of this image and a channel of this strip, which no other task writes.
                    unsafe { *dx.at(at) += slope };
                }
            }
        }
    }
}

/// dy at the first maximum of each window. y is the result of the maxima.
pub fn max_gradient(
    window: &Window,
    channels: usize,
    x: &[f32],
    y: &[f32],
    dy: &[f32],
    dx: &mut [f32],
) {
    check(window, channels, x.len(), y.len());
    assert!(dy.len() == y.len() && dx.len() == x.len());
    let shared = Shared(dx.as_mut_ptr());
    each_strip(window, channels, shared, |strip| {
        max_strip(window, channels, strip, x, y, dy, shared);
    });
}

simd! {
    fn mean_strip(window: &Window, channels: usize, strip: Strip, dy: &[f32], dx: Shared) {
        let Strip { image, first, count } = strip;
        for i in 0..window.grid[0] {
            for j in 0..window.grid[1] {
                let at = ((image * window.grid[0] + i) * window.grid[1] + j) * channels + first;
                let pixels = pixels_of(window, image, [i, j]);
                let factor = 1.0 / pixels.clone().count() as f32;
                for pixel in pixels {
                    // SAFETY: a pixel of this image and the channels of this strip, which no other task writes.
                    let to = unsafe { strip_of(dx, pixel * channels + first, count) };
                    for (to, &slope) in to.iter_mut().zip(&dy[at..at + count]) {
                        *to += slope * factor;
                    }
                }
            }
        }
    }
}

/// dy in equal parts to the elements of each window.
pub fn mean_gradient(window: &Window, channels: usize, dy: &[f32], dx: &mut [f32]) {
    check(window, channels, dx.len(), dy.len());
    let shared = Shared(dx.as_mut_ptr());
    each_strip(window, channels, shared, |strip| {
        mean_strip(window, channels, strip, dy, shared);
    });
}

#[cfg(test)]
mod tests;
