//! KnOTS with TIES. Stoica et al. 2024, arXiv:2410.19735: the task matrices side by side are U·diag(σ)·[V₁ … Vₙ]ᵀ; TIES merges the
//! diag(σ)·Vᵢᵀ, and U turns the result back. diag(σ)·Vᵢᵀ = UᵀΔᵢ, so it is TIES in the coordinates of U. Here the matrices lie along
//! their longer sides, so that the shorter one is common (the authors' code has both as a setting), and singular values count as zero
//! relative to the largest, not below 10⁻⁵.

use std::ops::Range;

use super::super::chunk::{Layout, Tile};
use super::super::cut::{Rows, find_cuts};
use super::super::fact::Fact;
use super::super::program::{Divisor, Step};
use super::super::source::Folding;
use super::super::steps::{self, Surroundings};
use super::panels::{Panel, Panels, product};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::{Result, Task};

/// The task matrices in the coordinates of U.
struct Turned<'a, T> {
    panels: &'a Panels<'a, T>,
    vectors: &'a Matrix<f64>,
    task: &'a Task,
}

impl<T: Folding> Turned<'_, T> {
    /// A model's part of a panel, (vectors, r).
    fn of(&self, panel: &Panel, model: usize) -> Result<Matrix<f64>> {
        product(panel.of(model), self.vectors.view().faer(), self.task)
    }
}

impl<T: Folding> Rows<f64> for Turned<'_, T> {
    /// A panel is a chunk of one tile.
    fn layout(&self) -> Layout {
        let columns = self.vectors.columns;
        Layout::of_size(
            self.panels.length() * columns,
            (self.panels.range(0).len() * columns).max(1),
        )
    }

    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[f64]),
    ) -> Result<()> {
        let size = (self.panels.range(0).len() * self.vectors.columns).max(1);
        let panel = self.panels.read(elements.start / size)?;
        for model in 0..self.panels.models() {
            visit(model, elements.start, &self.of(&panel, model)?.data);
        }
        Ok(())
    }
}

pub fn merge<T: Folding>(
    panels: &Panels<'_, T>,
    densities: &[f64],
    weights: &[f64],
    normalize: bool,
    layout: Layout,
    task: &Task,
) -> Result<Vec<T>> {
    let width = panels.width();
    let mut gram = Matrix::zeros(width, width);
    for model in 0..panels.models() {
        for (sum, value) in gram.data.iter_mut().zip(panels.gram_of(model)?.data) {
            *sum += value;
        }
    }
    let length = panels.length() * panels.models();
    let vectors = Spectrum::of_gram(&gram, length, task)?.vectors;
    drop(gram);
    let turned = Turned {
        panels,
        vectors: &vectors,
        task,
    };
    let elements = (panels.length() * vectors.columns) as u64;
    let counts: Vec<u64> = densities
        .iter()
        .map(|density| (density * elements as f64) as u64)
        .collect();
    let cuts = Fact::Cuts(find_cuts(&counts, elements, &turned, task)?);
    let divisor = if normalize {
        Divisor::PresentWeights
    } else {
        Divisor::One
    };
    let program = [
        Step::KeepLargest { counts },
        Step::Weigh {
            weights: weights.to_vec(),
        },
        Step::ElectSign,
        Step::Sum {
            divisor,
            weights: weights.to_vec(),
        },
    ];
    panels.assemble(|panel| {
        let models = (0..panels.models())
            .map(|model| Ok(turned.of(panel, model)?.data))
            .collect::<Result<Vec<_>>>()?;
        let mut tile = Tile {
            start: panel.range.start * vectors.columns,
            length: panel.range.len() * vectors.columns,
            rows: models.len(),
            models,
            ..Tile::default()
        };
        for step in &program {
            let with = Surroundings {
                fact: Some(&cuts),
                layout,
                streams: &[],
            };
            steps::apply(step, &mut tile, &with);
        }
        let merged = Matrix {
            rows: panel.range.len(),
            columns: vectors.columns,
            data: std::mem::take(&mut tile.models[0]),
        };
        product(
            merged.view().faer(),
            vectors.view().faer().transpose(),
            task,
        )
    })
}
