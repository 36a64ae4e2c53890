//! What decompositions of f32 are computed in.

/// What a decomposition of f32 is computed in. Those of f64 are computed in f64 whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// The vectors and products in f32: errors of some units in the last place of f32 times a slow function of the size.
    F32,
    /// All in f64, rounded once.
    F64,
}
