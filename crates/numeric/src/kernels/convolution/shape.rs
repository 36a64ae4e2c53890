//! The sizes of a convolution, and which way of computing it they call for.

use super::super::window::Window;

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

    pub(super) fn group_inputs(&self) -> usize {
        self.inputs / self.groups
    }

    pub(super) fn group_outputs(&self) -> usize {
        self.outputs / self.groups
    }

    /// Whether groups are too small for matrix products.
    pub(super) fn is_direct(&self) -> bool {
        let most = self.group_inputs().max(self.group_outputs());
        self.groups > 1 && (self.group_inputs() == 1 || most <= FEW)
    }

    pub(super) fn check(&self, x: usize, filter: usize, y: usize) {
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
}
