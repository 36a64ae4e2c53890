//! RegMean. Jin et al. 2023, arXiv:2212.09849: the matrix whose outputs are nearest, in least squares, to those of each model on its
//! own inputs, W = (Σ wᵢWᵢĜᵢ)(Σ wᵢĜᵢ)⁻¹ with Ĝ = α·G + (1−α)·diag(G), G the Gram matrix of the inputs. Deviation: the weights w.

use super::super::pass::Pass;
use super::super::source::Folding;
use super::panels::Panels;
use crate::linalg::Matrix;
use crate::linalg::cholesky::Factors;
use crate::linalg::gemm::multiply_onto;
use crate::{Error, Reason, Result, Task};

/// `panels` are rows.
pub fn merge<T: Folding>(
    pass: &Pass<'_, T>,
    panels: &Panels<'_, T>,
    alpha: f64,
    weights: &[f64],
    task: &Task,
) -> Result<Vec<T>> {
    let width = panels.width();
    let mut total = Matrix::<f64>::zeros(width, width);
    // Σ wᵢWᵢĜᵢ, (out, in).
    let mut right = Matrix::<f64>::zeros(panels.length(), width);
    for (model, weight) in weights.iter().enumerate() {
        let gram = scaled_statistic(pass, model, alpha, *weight, width)?;
        for (sum, value) in total.data.iter_mut().zip(&gram.data) {
            *sum += value;
        }
        panels.each(|panel| {
            let rows = right
                .faer_mut()
                .subrows_mut(panel.range.start, panel.range.len());
            multiply_onto(rows, panel.of(model), gram.view().faer(), task)
        })?;
    }
    let factors = Factors::new(total.view(), task)?;
    factors.solve(right.faer_mut().transpose_mut(), task)?;
    Ok(right.data.iter().map(|value| T::from_f64(*value)).collect())
}

/// w·Ĝ of a model.
fn scaled_statistic<T: Folding>(
    pass: &Pass<'_, T>,
    model: usize,
    alpha: f64,
    weight: f64,
    width: usize,
) -> Result<Matrix<f64>> {
    let missing = || {
        Error::new(
            Reason::OutOfRange,
            format!("model {model} has no statistic"),
        )
    };
    let statistic = pass.merge.models[model]
        .statistic
        .as_ref()
        .ok_or_else(missing)?;
    let mut gram = Matrix::<f64>::zeros(width, width);
    statistic.read(0..width * width, &mut Vec::new(), &mut gram.data)?;
    if let Some(at) = gram.data.iter().position(|value| !value.is_finite()) {
        return Err(Error::new(
            Reason::OutOfRange,
            format!("the statistic of model {model} is not finite at element {at}"),
        ));
    }
    for (row, values) in gram.data.chunks_mut(width).enumerate() {
        for (column, value) in values.iter_mut().enumerate() {
            *value *= if row == column {
                weight
            } else {
                alpha * weight
            };
        }
    }
    Ok(gram)
}
