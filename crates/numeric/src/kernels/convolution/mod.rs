//! Convolutions of images with filters, in groups, and their gradients. Images are (batch, rows, columns, channels), filters (rows, columns,
//! input channels of a group, output channels); a signal is an image of one row.
//!
//! Groups of several channels are matrix products ([`super::gemm`]) of the filter with rows that gather the taps of a window, a bounded
//! block of windows at a time; a window of one tap is a product of the image itself. Groups of few channels are summed up in registers.

mod chains;
mod columns;
mod dense;
mod direct;

#[cfg(test)]
mod tests;

pub use super::gemm::Precision;
use super::window::Window;

/// Most channels of a small group.
const FEW: usize = 8;

/// The sizes of a convolution.
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    /// Where the windows lie.
    pub window: Window,
    /// Channels of the images.
    pub inputs: usize,
    /// Channels of the results.
    pub outputs: usize,
    /// Groups of channels that have nothing to do with each other; both channels are multiples of it.
    pub groups: usize,
}

impl Convolution {
    /// Elements of the images.
    pub fn input_size(&self) -> usize {
        self.window.pixels() * self.inputs
    }

    /// Elements of the results.
    pub fn output_size(&self) -> usize {
        self.window.windows() * self.outputs
    }

    /// Elements of the filter.
    pub fn filter_size(&self) -> usize {
        self.window.taps() * self.group_inputs() * self.outputs
    }

    /// Multiplications.
    pub fn cost(&self) -> usize {
        self.output_size() * self.window.taps() * self.group_inputs()
    }

    fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Whether groups are too small for matrix products.
    fn is_direct(&self) -> bool {
        let most = self.group_inputs().max(self.group_outputs());
        self.groups > 1 && (self.group_inputs() == 1 || most <= FEW)
    }

    fn check(&self, x: usize, filter: usize, y: usize) {
        self.window.check();
        assert!(
            self.groups > 0
                && self.inputs.is_multiple_of(self.groups)
                && self.outputs.is_multiple_of(self.groups),
            "channels are multiples of the groups"
        );
        assert!(
            x == self.input_size() && filter == self.filter_size() && y == self.output_size(),
            "arrays of other sizes than the convolution's"
        );
    }

    /// y[b, i, j, o] = Σ x[b, i · stride + p · dilation − pad, …, c] filter[p, q, c, o] over taps (p, q) and the channels c of o's group.
    pub fn forward(&self, x: &[f32], filter: &[f32], precision: Precision, y: &mut [f32]) {
        self.check(x.len(), filter.len(), y.len());
        match self.is_direct() {
            true => direct::forward(self, x, filter, y),
            false => dense::forward(self, x, filter, precision, y),
        }
    }

    /// dx = Σ dy filter, over the windows that an element lies in: the gradient of the images, and a transposed convolution of dy.
    pub fn input_gradient(&self, dy: &[f32], filter: &[f32], precision: Precision, dx: &mut [f32]) {
        self.check(dx.len(), filter.len(), dy.len());
        match self.is_direct() {
            true => direct::input_gradient(self, dy, filter, dx),
            false => dense::input_gradient(self, dy, filter, precision, dx),
        }
    }

    /// dfilter = Σ x dy, over all windows.
    pub fn filter_gradient(&self, x: &[f32], dy: &[f32], precision: Precision, filter: &mut [f32]) {
        self.check(x.len(), filter.len(), dy.len());
        match self.is_direct() {
            true => direct::filter_gradient(self, x, dy, filter),
            false => dense::filter_gradient(self, x, dy, precision, filter),
        }
    }
}
