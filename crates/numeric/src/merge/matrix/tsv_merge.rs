//! TSV-Merge. Gargiulo et al. 2025, arXiv:2412.00081: of each of N task matrices the first 1/N of its singular triplets; their vectors,
//! side by side, are made orthogonal by the polar factor on each side. Here at least one triplet of each, and none whose singular
//! value is zero.

use super::super::source::Folding;
use super::panels::{Panel, Panels, product};
use super::recombine::{recombine, side_by_side};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::{Result, Task};

pub fn merge<T: Folding>(panels: &Panels<'_, T>, task: &Task) -> Result<Vec<T>> {
    let (width, models) = (panels.width(), panels.models());
    let share = (width / models).max(1);
    let mut spectra = Vec::with_capacity(models);
    for model in 0..models {
        let gram = panels.gram_of(model)?;
        spectra.push(Spectrum::of_gram(&gram, panels.length(), task)?.first(share));
    }
    // A·V·diag(1/σ) = U.
    let to_left: Vec<Matrix<f64>> = spectra
        .iter()
        .map(|spectrum| spectrum.scaled(&spectrum.inverses()))
        .collect();
    let left = |panel: &Panel| {
        let parts = to_left
            .iter()
            .enumerate()
            .map(|(model, factors)| product(panel.of(model), factors.view().faer(), task))
            .collect::<Result<Vec<_>>>()?;
        Ok(side_by_side(
            &parts.iter().collect::<Vec<_>>(),
            panel.range.len(),
        ))
    };
    let vectors: Vec<&Matrix<f64>> = spectra.iter().map(|spectrum| &spectrum.vectors).collect();
    let right = side_by_side(&vectors, width);
    let weights: Vec<f64> = spectra
        .iter()
        .flat_map(|spectrum| spectrum.values.clone())
        .collect();
    recombine(panels, left, &right, &weights, task)
}
