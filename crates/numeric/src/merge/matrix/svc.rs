//! Singular value calibration. arXiv:2602.05536: each singular value of the merged task matrix is multiplied by K / Σᵢ max(α, sᵢ), where
//! sᵢ = ⟨a, aᵢ⟩ / ‖aᵢ‖², a = uᵀΔ and aᵢ = uᵀΔᵢ the responses of the merged matrix and of task i to the left singular vector u.

use super::super::source::Folding;
use super::panels::{Panel, Panels, Side, product};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::{Result, Task};

/// Of each singular vector: ⟨a, aᵢ⟩ and ‖aᵢ‖².
type Responses = Vec<(f64, f64)>;

pub fn merge<T: Folding>(
    panels: &Panels<'_, T>,
    alpha: f64,
    weights: &[f64],
    task: &Task,
) -> Result<Vec<T>> {
    let merged = |panel: &Panel| panel.weighted(weights);
    let gram = panels.gram(panels.width(), |panel| Ok(merged(panel)))?;
    let spectrum = Spectrum::of_gram(&gram, panels.length(), task)?;
    drop(gram);
    let mut sums = vec![0.0; spectrum.rank()];
    for model in 0..panels.models() {
        let responses = match panels.side() {
            Side::Columns => of_columns(panels, &spectrum, merged, model, task)?,
            Side::Rows => of_rows(panels, &spectrum, merged, model, task)?,
        };
        for (sum, (dot, square)) in sums.iter_mut().zip(responses) {
            // A task without a response to this vector has no part in what is counted too often.
            let coefficient = if square > 0.0 { dot / square } else { alpha };
            *sum += coefficient.max(alpha);
        }
    }
    let factors: Vec<f64> = sums
        .iter()
        .map(|sum| panels.models() as f64 / sum)
        .collect();
    let coefficients = spectrum.symmetric(&factors, task)?;
    panels.assemble(|panel| {
        product(
            merged(panel).view().faer(),
            coefficients.view().faer(),
            task,
        )
    })
}

/// Panels are columns, so u are the vectors of the short side: uᵀΔᵢ = (Δᵢᵀu)ᵀ, added up over the panels.
fn of_columns<T: Folding>(
    panels: &Panels<'_, T>,
    spectrum: &Spectrum,
    merged: impl Fn(&Panel) -> Matrix<f64>,
    model: usize,
    task: &Task,
) -> Result<Responses> {
    let mut responses = vec![(0.0, 0.0); spectrum.rank()];
    let u = spectrum.vectors.view();
    panels.each(|panel| {
        let of_merged = product(merged(panel).view().faer(), u.faer(), task)?;
        let of_task = product(panel.of(model), u.faer(), task)?;
        let rows = of_merged.data.chunks(spectrum.rank().max(1));
        for (a, own) in rows.zip(of_task.data.chunks(spectrum.rank().max(1))) {
            for (response, (a, own)) in responses.iter_mut().zip(a.iter().zip(own)) {
                response.0 += a * own;
                response.1 += own * own;
            }
        }
        Ok(())
    })?;
    Ok(responses)
}

/// Panels are rows, so the vectors of the short side are v: u = Δv/σ, uᵀΔᵢ = vᵀ(ΔᵀΔᵢ)/σ and uᵀΔ = σvᵀ.
fn of_rows<T: Folding>(
    panels: &Panels<'_, T>,
    spectrum: &Spectrum,
    merged: impl Fn(&Panel) -> Matrix<f64>,
    model: usize,
    task: &Task,
) -> Result<Responses> {
    let cross = panels.cross(|panel| Ok(merged(panel)), model)?;
    let v = spectrum.vectors.view();
    let own = product(v.faer().transpose(), cross.view().faer(), task)?;
    let response = |(r, sigma): (usize, &f64)| {
        let row = &own.data[r * own.columns..][..own.columns];
        let dot = row
            .iter()
            .enumerate()
            .map(|(k, x)| x * v.data()[k * spectrum.rank() + r]);
        let square = row.iter().map(|x| x * x).sum::<f64>() / (sigma * sigma);
        (dot.sum::<f64>(), square)
    };
    Ok(spectrum.values.iter().enumerate().map(response).collect())
}
