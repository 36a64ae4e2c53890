//! What is searched.

use std::ops::Range;

use crate::Result;
use crate::merge::chunk::Layout;

/// Values to be searched: several rows as long as the tensor.
pub trait Rows<T>: Sync {
    /// How the tensor is cut.
    fn layout(&self) -> Layout;
    /// Calls `visit` with the number of a row, the position of the first value, and values, for all values of some tiles in order.
    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()>;
}
