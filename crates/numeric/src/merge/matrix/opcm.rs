//! Orthogonal projection-based continual merging. Tang et al. 2025, arXiv:2501.09522. With U and V the singular vectors of what is merged
//! so far, each next task matrix loses its components uᵢvⱼᵀ with i and j in the dominant part, and those with i = j, before it is added.
//! The dominant part are the singular values before the sum exceeds the share α of all, as in the authors' code. Their scaling at every
//! step cancels out but for the last, which is a step of its own: singular vectors do not depend on it.

use super::super::source::Folding;
use super::panels::{Panels, add_product, product};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::linalg::gemm::multiply_onto;
use crate::{Result, Task};

pub fn merge<T: Folding>(panels: &Panels<'_, T>, alpha: f64, task: &Task) -> Result<Vec<T>> {
    let width = panels.width();
    let mut merged = Matrix::<f64>::zeros(panels.length(), width);
    panels.each(|panel| {
        let mut rows = merged
            .faer_mut()
            .subrows_mut(panel.range.start, panel.range.len());
        rows.copy_from(panel.of(0));
        Ok(())
    })?;
    for model in 1..panels.models() {
        let removal = removal(panels, &merged, alpha, model, task)?;
        panels.each(|panel| {
            let (start, count) = (panel.range.start, panel.range.len());
            let before = merged.view().faer().subrows(start, count).to_owned();
            let mut rows = merged.faer_mut().subrows_mut(start, count);
            rows += panel.of(model);
            multiply_onto(rows, before.as_ref(), removal.view().faer(), task)
        })?;
    }
    panels.assemble(|panel| {
        let rows = &merged.data[panel.range.start * width..panel.range.end * width];
        Ok(Matrix {
            rows: panel.range.len(),
            columns: width,
            data: rows.to_vec(),
        })
    })
}

/// K, (width, width): M·K is minus what the task matrix has along the dominant part of M.
fn removal<T: Folding>(
    panels: &Panels<'_, T>,
    merged: &Matrix<f64>,
    alpha: f64,
    model: usize,
    task: &Task,
) -> Result<Matrix<f64>> {
    let width = panels.width();
    let mut gram = Matrix::zeros(width, width);
    let m = merged.view();
    add_product(&mut gram, m.faer().transpose(), m.faer(), task)?;
    let spectrum = Spectrum::of_gram(&gram, panels.length(), task)?;
    drop(gram);
    let mut cross = Matrix::zeros(width, width);
    panels.each(|panel| {
        let rows = m.faer().subrows(panel.range.start, panel.range.len());
        add_product(&mut cross, rows.transpose(), panel.of(model), task)
    })?;
    // UᵀΔV = diag(1/σ)·Vᵀ·MᵀΔ·V, (r, r).
    let v = spectrum.vectors.view();
    let scaled = spectrum.scaled(&spectrum.inverses());
    let half = product(scaled.view().faer().transpose(), cross.view().faer(), task)?;
    let mut components = product(half.view().faer(), v.faer(), task)?;
    let dominant = dominant(&spectrum.values, alpha);
    let rank = spectrum.rank();
    for (i, row) in components.data.chunks_mut(rank.max(1)).enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            let removed = i == j || (i < dominant && j < dominant);
            *value = if removed { -*value } else { 0.0 };
        }
    }
    let right = product(components.view().faer(), v.faer().transpose(), task)?;
    product(scaled.view().faer(), right.view().faer(), task)
}

/// How many of the largest values come before the one at which their sum exceeds the share of all; none where it never does.
fn dominant(values: &[f64], share: f64) -> usize {
    let total: f64 = values.iter().sum();
    let mut sum = 0.0;
    values
        .iter()
        .position(|value| {
            sum += value;
            sum / total > share
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::dominant;

    #[test]
    fn the_value_that_exceeds_the_share_is_not_dominant() {
        assert_eq!(dominant(&[4.0, 3.0, 2.0, 1.0], 0.5), 1);
        assert_eq!(dominant(&[4.0, 3.0, 2.0, 1.0], 0.7), 2);
        assert_eq!(dominant(&[4.0, 3.0, 2.0, 1.0], 0.3), 0);
        assert_eq!(dominant(&[4.0, 3.0, 2.0, 1.0], 1.0), 0);
        assert_eq!(dominant(&[], 0.5), 0);
    }
}
