//! Convolutions of images with filters, in groups, and their gradients. Images are (batch, rows, columns, channels), filters (rows, columns,
//! input channels of a group, output channels); a signal is an image of one row.
//!
//! Groups of several channels are matrix products ([`super::gemm`]) of the filter with rows that gather the taps of a window, a bounded
//! block of windows at a time; a window of one tap is a product of the image itself. Groups of few channels are summed up in registers.

mod chains;
mod columns;
mod dense;
mod direct;
mod shape;

#[cfg(test)]
mod tests;

pub use super::gemm::Precision;
pub use shape::Convolution;

impl Convolution {
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
