//! Which changes of a model matter.

/// What is known of one model.
#[derive(Debug, Clone, PartialEq)]
pub struct Important {
    /// KL(softmax(x) ‖ softmax(base)) of each row.
    pub divergences: Vec<f64>,
    /// Scores from here on are kept.
    pub threshold: f64,
}
