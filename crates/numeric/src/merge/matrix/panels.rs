//! A matrix read panel by panel: a few rows or columns of every model at a time, in f64.

use std::ops::Range;

use faer::{MatMut, MatRef};
use rayon::prelude::*;

use super::super::chunk::TILE;
use super::super::pass::Pass;
use super::super::source::Folding;
use crate::linalg::Matrix;
use crate::linalg::gemm::multiply_onto;
use crate::{Result, Task};

/// Elements of one panel over all models, about: 32 MB in f64.
const PANEL_ELEMENTS: usize = 1 << 22;
/// Vectors of a panel at least: fewer make slow products.
const FEWEST: usize = 16;

/// What the vectors of a panel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Rows of the stored matrix.
    Rows,
    /// Its columns.
    Columns,
}

/// The matrices of all models before a step, (out, in): the first dimension, and all others as one.
#[derive(Debug)]
pub struct Panels<'a, T> {
    pass: &'a Pass<'a, T>,
    position: usize,
    side: Side,
    rows: usize,
    columns: usize,
    step: usize,
    task: &'a Task,
}

/// Some vectors of every model: a thin matrix each.
#[derive(Debug)]
pub struct Panel {
    /// Which vectors.
    pub range: Range<usize>,
    side: Side,
    stored: Vec<Matrix<f64>>,
}

impl Panel {
    /// The vectors of a model as rows, (vectors, width).
    pub fn of(&self, model: usize) -> MatRef<'_, f64> {
        let stored = self.stored[model].view().faer();
        match self.side {
            Side::Rows => stored,
            Side::Columns => stored.transpose(),
        }
    }

    /// The vectors of a model as rows, a copy.
    pub fn matrix(&self, model: usize) -> Matrix<f64> {
        Matrix::from_faer(self.of(model))
    }

    /// The sum over the models, (vectors, width).
    pub fn sum(&self) -> Matrix<f64> {
        self.weighted(&vec![1.0; self.stored.len()])
    }

    /// The sum over the models with weights, (vectors, width).
    pub fn weighted(&self, weights: &[f64]) -> Matrix<f64> {
        let first = &self.stored[0];
        let mut sum = Matrix::zeros(first.rows, first.columns);
        for (matrix, weight) in self.stored.iter().zip(weights) {
            for (total, value) in sum.data.iter_mut().zip(&matrix.data) {
                *total += weight * value;
            }
        }
        match self.side {
            Side::Rows => sum,
            Side::Columns => Matrix::from_faer(sum.view().faer().transpose()),
        }
    }
}

impl<'a, T: Folding> Panels<'a, T> {
    /// Of that side.
    pub fn new(pass: &'a Pass<'a, T>, position: usize, side: Side, task: &'a Task) -> Self {
        let columns = pass.layout().columns;
        let rows = pass.layout().elements / columns.max(1);
        let width = if side == Side::Rows { columns } else { rows };
        let models = pass.merge.models.len();
        Self {
            pass,
            position,
            side,
            rows,
            columns,
            step: (PANEL_ELEMENTS / (width * models).max(1)).max(FEWEST),
            task,
        }
    }

    /// Along the longer side, so that the vectors are as short as can be.
    pub fn tall(pass: &'a Pass<'a, T>, position: usize, task: &'a Task) -> Self {
        let columns = pass.layout().columns;
        let side = if pass.layout().elements / columns.max(1) >= columns {
            Side::Rows
        } else {
            Side::Columns
        };
        Self::new(pass, position, side, task)
    }

    /// What the vectors are.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Number of models.
    pub fn models(&self) -> usize {
        self.pass.merge.models.len()
    }

    /// Number of vectors.
    pub fn length(&self) -> usize {
        match self.side {
            Side::Rows => self.rows,
            Side::Columns => self.columns,
        }
    }

    /// Elements of a vector.
    pub fn width(&self) -> usize {
        match self.side {
            Side::Rows => self.columns,
            Side::Columns => self.rows,
        }
    }

    /// Number of panels.
    pub fn count(&self) -> usize {
        self.length().div_ceil(self.step)
    }

    /// The vectors of a panel.
    pub fn range(&self, index: usize) -> Range<usize> {
        index * self.step..((index + 1) * self.step).min(self.length())
    }

    /// Reads a panel.
    pub fn read(&self, index: usize) -> Result<Panel> {
        let range = self.range(index);
        let (rows, columns) = match self.side {
            Side::Rows => (range.len(), self.columns),
            Side::Columns => (self.rows, range.len()),
        };
        let mut stored: Vec<Matrix<f64>> = (0..self.models())
            .map(|_| Matrix::zeros(rows, columns))
            .collect();
        // Pieces lie in one run in the file: whole rows of a panel of rows, else parts of rows.
        let (first, piece, stride) = match self.side {
            Side::Rows => (range.start * self.columns, TILE, TILE),
            Side::Columns => (range.start, columns, self.columns),
        };
        let mut parts: Vec<_> = stored
            .iter_mut()
            .map(|matrix| matrix.data.chunks_mut(piece))
            .collect();
        let pieces: Vec<Vec<&mut [f64]>> = (0..(rows * columns).div_ceil(piece))
            .map(|_| parts.iter_mut().filter_map(Iterator::next).collect())
            .collect();
        pieces
            .into_par_iter()
            .enumerate()
            .try_for_each(|(at, mut targets)| {
                let start = first + at * stride;
                let part = start..start + targets[0].len();
                self.pass.part(part, self.position, |tile| {
                    for (target, row) in targets.iter_mut().zip(tile.active()) {
                        for (to, from) in target.iter_mut().zip(row) {
                            *to = from.to_f64();
                        }
                    }
                })
            })?;
        Ok(Panel {
            range,
            side: self.side,
            stored,
        })
    }

    /// Calls `visit` with every panel in order.
    pub fn each(&self, mut visit: impl FnMut(&Panel) -> Result<()>) -> Result<()> {
        for index in 0..self.count() {
            self.task.check()?;
            visit(&self.read(index)?)?;
        }
        Ok(())
    }

    /// Σ XᵀX over panels, (n, n), X (vectors, n) as `of` makes it of a panel.
    pub fn gram(
        &self,
        size: usize,
        mut of: impl FnMut(&Panel) -> Result<Matrix<f64>>,
    ) -> Result<Matrix<f64>> {
        let mut gram = Matrix::zeros(size, size);
        self.each(|panel| {
            let x = of(panel)?;
            add_product(
                &mut gram,
                x.view().faer().transpose(),
                x.view().faer(),
                self.task,
            )
        })?;
        Ok(gram)
    }

    /// AᵢᵀAᵢ of a model, (width, width).
    pub fn gram_of(&self, model: usize) -> Result<Matrix<f64>> {
        let mut gram = Matrix::zeros(self.width(), self.width());
        self.each(|panel| {
            let x = panel.of(model);
            add_product(&mut gram, x.transpose(), x, self.task)
        })?;
        Ok(gram)
    }

    /// Σ XᵀAᵢ over panels, (width, width), X (vectors, width) as `of` makes it of a panel.
    pub fn cross(
        &self,
        mut of: impl FnMut(&Panel) -> Result<Matrix<f64>>,
        model: usize,
    ) -> Result<Matrix<f64>> {
        let mut cross = Matrix::zeros(self.width(), self.width());
        self.each(|panel| {
            let x = of(panel)?;
            add_product(
                &mut cross,
                x.view().faer().transpose(),
                panel.of(model),
                self.task,
            )
        })?;
        Ok(cross)
    }

    /// The matrix whose panels `of` makes, (vectors, width) each, as it is stored.
    pub fn assemble(&self, mut of: impl FnMut(&Panel) -> Result<Matrix<f64>>) -> Result<Vec<T>> {
        let mut result = crate::checkpoint::read::allocate::<T>((self.rows * self.columns) as u64)?;
        self.each(|panel| {
            let values = of(panel)?;
            self.put(&mut result, panel.range.clone(), &values);
            Ok(())
        })?;
        Ok(result)
    }

    fn put(&self, result: &mut [T], range: Range<usize>, values: &Matrix<f64>) {
        match self.side {
            Side::Rows => {
                let target = &mut result[range.start * self.columns..][..values.data.len()];
                for (to, from) in target.iter_mut().zip(&values.data) {
                    *to = T::from_f64(*from);
                }
            }
            Side::Columns => {
                for (row, target) in result.chunks_mut(self.columns).enumerate() {
                    for (at, to) in target[range.clone()].iter_mut().enumerate() {
                        *to = T::from_f64(values.data[at * values.columns + row]);
                    }
                }
            }
        }
    }
}

/// target ← target + a·b.
pub fn add_product(
    target: &mut Matrix<f64>,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    task: &Task,
) -> Result<()> {
    multiply_onto(target.faer_mut() as MatMut<'_, f64>, a, b, task)
}

/// a·b.
pub fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>, task: &Task) -> Result<Matrix<f64>> {
    let mut result = Matrix::zeros(a.nrows(), b.ncols());
    add_product(&mut result, a, b, task)?;
    Ok(result)
}
