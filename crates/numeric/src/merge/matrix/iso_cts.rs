//! Iso-CTS. Marczak et al. 2025, arXiv:2502.04959: the first directions of the sum of the task matrices, and for each task the first
//! directions of what its matrix has outside the column space of those; all made orthogonal, with the mean of all their singular
//! values.

use super::super::source::Folding;
use super::panels::{Panel, Panels, Side, product};
use super::recombine::{recombine, side_by_side};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::{Result, Task};

/// A = Σ Aᵢ is the sum over the models, R = Aᵢ·P − A·K what model i has outside the common space.
struct Residual {
    /// P·V·diag(1/σ), (width, d), V and σ of R.
    own: Matrix<f64>,
    /// K·V·diag(1/σ), (width, d).
    common: Matrix<f64>,
    spectrum: Spectrum,
}

pub fn merge<T: Folding>(
    panels: &Panels<'_, T>,
    common_fraction: f64,
    task: &Task,
) -> Result<Vec<T>> {
    let (width, models) = (panels.width(), panels.models());
    let (common, own) = dimensions(width, models, common_fraction);
    let gram = panels.gram(width, |panel| Ok(panel.sum()))?;
    let first = Spectrum::of_gram(&gram, panels.length(), task)?.first(common);
    drop(gram);
    let residuals = (0..models)
        .map(|model| residual(panels, &first, model, own, task))
        .collect::<Result<Vec<_>>>()?;
    let to_left = first.scaled(&first.inverses());
    let left = |panel: &Panel| {
        let sum = panel.sum();
        let mut parts = Vec::with_capacity(models + 1);
        for (model, residual) in residuals.iter().enumerate() {
            let mut part = product(panel.of(model), residual.own.view().faer(), task)?;
            subtract(
                &mut part,
                &product(sum.view().faer(), residual.common.view().faer(), task)?,
            );
            parts.push(part);
        }
        parts.push(product(sum.view().faer(), to_left.view().faer(), task)?);
        Ok(side_by_side(
            &parts.iter().collect::<Vec<_>>(),
            panel.range.len(),
        ))
    };
    let spectra = || {
        residuals
            .iter()
            .map(|residual| &residual.spectrum)
            .chain([&first])
    };
    let vectors: Vec<&Matrix<f64>> = spectra().map(|spectrum| &spectrum.vectors).collect();
    let right = side_by_side(&vectors, width);
    let values: Vec<f64> = spectra()
        .flat_map(|spectrum| spectrum.values.clone())
        .collect();
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    recombine(panels, left, &right, &vec![mean; values.len()], task)
}

/// Dimensions of the common space and of that of each task: what the fraction leaves is shared out equally, rounded to the next even
/// number of tasks where it does not divide, as in the authors' code.
fn dimensions(width: usize, models: usize, fraction: f64) -> (usize, usize) {
    let common = (width as f64 * fraction) as usize;
    let rounded = ((width - common.min(width)) as f64 / models as f64).round_ties_even() as usize;
    let own = rounded.min(width / models);
    (width - own * models, own)
}

fn residual<T: Folding>(
    panels: &Panels<'_, T>,
    first: &Spectrum,
    model: usize,
    own: usize,
    task: &Task,
) -> Result<Residual> {
    let width = panels.width();
    let v = first.vectors.view();
    // The column space is that of U = A·V·diag(1/σ) where panels are rows, and of V where they are columns.
    let (keep, remove) = match panels.side() {
        Side::Rows => {
            let cross = panels.cross(|panel| Ok(panel.sum()), model)?;
            let inverses: Vec<f64> = first.values.iter().map(|x| (x * x).recip()).collect();
            let inverse = first.symmetric(&inverses, task)?;
            (
                None,
                Some(product(inverse.view().faer(), cross.view().faer(), task)?),
            )
        }
        Side::Columns => (Some(product(v.faer(), v.faer().transpose(), task)?), None),
    };
    let gram = panels.gram(width, |panel| {
        let mut rest = panel.matrix(model);
        if let Some(projection) = &keep {
            subtract(
                &mut rest,
                &product(panel.of(model), projection.view().faer(), task)?,
            );
        }
        if let Some(factors) = &remove {
            subtract(
                &mut rest,
                &product(panel.sum().view().faer(), factors.view().faer(), task)?,
            );
        }
        Ok(rest)
    })?;
    let known = first.values.first().copied().unwrap_or(0.0);
    let spectrum = Spectrum::of_rest(&gram, panels.length(), known, task)?.first(own);
    let mut scaled = spectrum.scaled(&spectrum.inverses());
    let common = match &remove {
        Some(factors) => product(factors.view().faer(), scaled.view().faer(), task)?,
        None => Matrix::zeros(width, spectrum.rank()),
    };
    if let Some(projection) = &keep {
        let part = product(projection.view().faer(), scaled.view().faer(), task)?;
        subtract(&mut scaled, &part);
    }
    Ok(Residual {
        own: scaled,
        common,
        spectrum,
    })
}

fn subtract(target: &mut Matrix<f64>, other: &Matrix<f64>) {
    for (value, other) in target.data.iter_mut().zip(&other.data) {
        *value -= other;
    }
}

#[cfg(test)]
mod tests {
    use super::dimensions;

    // By the authors' code: common = int(k·f), own = round((k − common) / N), half to even, common = k − N·own.
    #[test]
    fn dimensions_add_up() {
        assert_eq!(dimensions(8, 3, 0.8), (5, 1));
        assert_eq!(dimensions(768, 8, 0.8), (616, 19));
        assert_eq!(dimensions(10, 4, 0.8), (10, 0));
        assert_eq!(dimensions(10, 4, 1.0), (10, 0));
        // Theirs would be round(1.5) = 2 for each, one more than there are.
        assert_eq!(dimensions(3, 2, 0.0), (1, 1));
    }
}
