//! Iso-C. Marczak et al. 2025, arXiv:2502.04959: the sum of the task matrices with all singular values set to their mean. Here the mean
//! is over those that are not zero: directions that no task matrix has stay without change.

use super::super::source::Folding;
use super::panels::{Panels, product};
use super::spectrum::Spectrum;
use crate::{Result, Task};

pub fn merge<T: Folding>(panels: &Panels<'_, T>, task: &Task) -> Result<Vec<T>> {
    let gram = panels.gram(panels.width(), |panel| Ok(panel.sum()))?;
    let spectrum = Spectrum::of_gram(&gram, panels.length(), task)?;
    let mean = spectrum.values.iter().sum::<f64>() / spectrum.rank().max(1) as f64;
    let factors: Vec<f64> = spectrum.values.iter().map(|value| mean / value).collect();
    // A·V·diag(σ̄/σ)·Vᵀ = σ̄·U·Vᵀ.
    let coefficients = spectrum.symmetric(&factors, task)?;
    panels.assemble(|panel| product(panel.sum().view().faer(), coefficients.view().faer(), task))
}
