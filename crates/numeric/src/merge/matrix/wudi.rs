//! WUDI-Merging. Cheng et al. 2025, arXiv:2503.08099: the merged task matrix τ that minimises Σᵢ ‖(τ − τᵢ)τᵢᵀ‖² / ‖τᵢ‖², by Adam (Kingma and
//! Ba, arXiv:1412.6980, with its constants) from Σ τᵢ. The gradient is 2(τH − B), H = Σ τᵢᵀτᵢ/‖τᵢ‖² and B = Σ τᵢτᵢᵀτᵢ/‖τᵢ‖², so each row of τ is a
//! problem of its own. Here models without a change take no part, where the authors' code divides by zero.

use super::super::source::Folding;
use super::panels::{Panels, product};
use crate::linalg::Matrix;
use crate::linalg::gemm::multiply_onto;
use crate::{Result, Task};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// `panels` are rows.
pub fn merge<T: Folding>(
    panels: &Panels<'_, T>,
    iterations: u32,
    learning_rate: f64,
    task: &Task,
) -> Result<Vec<T>> {
    let width = panels.width();
    let mut h = Matrix::<f64>::zeros(width, width);
    let mut b = Matrix::<f64>::zeros(panels.length(), width);
    for model in 0..panels.models() {
        let mut gram = panels.gram_of(model)?;
        let square: f64 = gram.data.iter().step_by(width + 1).sum();
        if square == 0.0 {
            continue;
        }
        for (sum, value) in h.data.iter_mut().zip(&mut gram.data) {
            *value /= square;
            *sum += *value;
        }
        panels.each(|panel| {
            let rows = b
                .faer_mut()
                .subrows_mut(panel.range.start, panel.range.len());
            multiply_onto(rows, panel.of(model), gram.view().faer(), task)
        })?;
    }
    panels.assemble(|panel| {
        let targets = &b.data[panel.range.start * width..panel.range.end * width];
        let mut tau = panel.sum();
        minimise(&mut tau, &h, targets, iterations, learning_rate, task)?;
        Ok(tau)
    })
}

/// Rows of τ, in place.
fn minimise(
    tau: &mut Matrix<f64>,
    h: &Matrix<f64>,
    b: &[f64],
    iterations: u32,
    learning_rate: f64,
    task: &Task,
) -> Result<()> {
    let mut moments = vec![(0.0f64, 0.0f64); b.len()];
    let (mut power_1, mut power_2) = (1.0f64, 1.0f64);
    for _ in 0..iterations {
        let product = product(tau.view().faer(), h.view().faer(), task)?;
        power_1 *= BETA_1;
        power_2 *= BETA_2;
        let step = learning_rate / (1.0 - power_1);
        let root = (1.0 - power_2).sqrt();
        let values = tau.data.iter_mut().zip(product.data.iter().zip(b));
        for ((x, (product, b)), (first, second)) in values.zip(&mut moments) {
            let gradient = 2.0 * (product - b);
            *first = BETA_1 * *first + (1.0 - BETA_1) * gradient;
            *second = BETA_2 * *second + (1.0 - BETA_2) * gradient * gradient;
            *x -= step * *first / (second.sqrt() / root + EPSILON);
        }
    }
    Ok(())
}
