//! What a file will hold.

use super::Dtype;

/// A tensor that will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorPlan {
    /// Name.
    pub name: String,
    /// Storage type.
    pub dtype: Dtype,
    /// Sizes of the dimensions.
    pub shape: Vec<u64>,
}
