//! What a merge found out.

use super::norms::Difference;

/// Non-finite values of one tensor of one input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonFinite {
    /// The tensor.
    pub tensor: String,
    /// Position of the model; `None` is the base.
    pub model: Option<usize>,
    /// NaN and infinite elements.
    pub count: u64,
}

/// Totals over all tensors, added in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MergeReport {
    /// Tensors written.
    pub tensors: u64,
    /// Tensors that differ from their reference.
    pub changed_tensors: u64,
    /// Of all tensors.
    pub difference: Difference,
    /// Of each tensor, in their order: what is merged in several runs can be added up as in one.
    pub differences: Vec<Difference>,
    /// In the order in which they were found: that of the files written.
    pub non_finite: Vec<NonFinite>,
    /// Tensors that are not floating-point numbers and differ between inputs.
    pub disagreeing: Vec<String>,
}

impl MergeReport {
    /// Adds one tensor.
    pub fn add(&mut self, difference: Difference) {
        self.tensors += 1;
        self.changed_tensors += u64::from(difference.changed);
        self.difference.add(difference);
        self.differences.push(difference);
    }

    /// The report with the tensors in another order: `order` has the place of each.
    pub fn in_order(mut self, order: &[usize]) -> Self {
        let mut differences = vec![Difference::default(); order.len()];
        for (place, difference) in order.iter().zip(self.differences.drain(..)) {
            differences[*place] = difference;
        }
        let mut report = Self {
            non_finite: self.non_finite,
            disagreeing: self.disagreeing,
            ..Self::default()
        };
        differences.into_iter().for_each(|of| report.add(of));
        report
    }
}
