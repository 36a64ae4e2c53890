//! Windows over images: which elements of an image each element of the result is made of. Images are (batch, rows, columns, channels).

use std::ops::Range;

/// Windows of `kernel` taps, `dilation` apart, that begin every `stride` elements from `pad` before the first one; each pair is (rows,
/// columns). What a window has beyond the image is 0 to a convolution and nothing to a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Images.
    pub batch: usize,
    /// Size of an image.
    pub image: [usize; 2],
    /// Number of windows.
    pub grid: [usize; 2],
    /// Taps of a window.
    pub kernel: [usize; 2],
    /// Elements from one window to the next.
    pub stride: [usize; 2],
    /// Elements from one tap to the next.
    pub dilation: [usize; 2],
    /// Elements by which the first window begins before the image.
    pub pad: [usize; 2],
}

impl Window {
    /// Elements of all images in one channel.
    pub fn pixels(&self) -> usize {
        self.batch * self.image[0] * self.image[1]
    }

    /// Windows of all images.
    pub fn windows(&self) -> usize {
        self.batch * self.grid[0] * self.grid[1]
    }

    /// Taps of a window.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Elements from the first tap of a window to its last, and one more.
    pub fn span(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.kernel[axis].max(1) - 1) * self.dilation[axis] + 1)
    }

    /// Panics unless strides and dilations are positive.
    pub(super) fn check(&self) {
        assert!(
            self.stride.iter().chain(&self.dilation).all(|&d| d > 0),
            "strides and dilations are positive"
        );
    }

    /// The taps of window `at` along an axis that lie in the image, and where the first tap lies.
    #[inline(always)]
    pub(super) fn inside(&self, axis: usize, at: usize) -> (Range<usize>, isize) {
        let (dilation, size) = (self.dilation[axis], self.image[axis] as isize);
        let first = (at * self.stride[axis]) as isize - self.pad[axis] as isize;
        let from = usize::try_from(-first).unwrap_or(0).div_ceil(dilation);
        let to = usize::try_from(size - first)
            .unwrap_or(0)
            .div_ceil(dilation);
        let to = to.min(self.kernel[axis]);
        (from.min(to)..to, first)
    }
}
