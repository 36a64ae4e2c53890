//! Dense row-major matrices.

use faer::{MatMut, MatRef};

use super::Scalar;
use crate::{Error, Reason, Result};

/// A matrix that owns its elements, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<T> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `rows · columns` elements.
    pub data: Vec<T>,
}

/// A borrowed matrix, row by row.
#[derive(Debug, Clone, Copy)]
pub struct View<'a, T> {
    rows: usize,
    columns: usize,
    data: &'a [T],
}

impl<T: Scalar> Matrix<T> {
    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            data: vec![T::default(); rows * columns],
        }
    }

    /// Borrows it.
    pub fn view(&self) -> View<'_, T> {
        View {
            rows: self.rows,
            columns: self.columns,
            data: &self.data,
        }
    }

    pub(crate) fn faer_mut(&mut self) -> MatMut<'_, T> {
        MatMut::from_row_major_slice_mut(&mut self.data, self.rows, self.columns)
    }

    /// Copies out of faer's layout.
    pub(crate) fn from_faer(source: MatRef<'_, T>) -> Self {
        let mut result = Self::zeros(source.nrows(), source.ncols());
        copy_blocked(source, result.faer_mut());
        result
    }
}

impl<'a, T: Scalar> View<'a, T> {
    /// The matrix itself if it is f32.
    pub(super) fn as_f32(self) -> Option<View<'a, f32>> {
        let data = T::as_f32(self.data)?;
        Some(View {
            rows: self.rows,
            columns: self.columns,
            data,
        })
    }

    /// Fails unless `data` holds exactly `rows · columns` elements.
    pub fn new(rows: usize, columns: usize, data: &'a [T]) -> Result<Self> {
        if rows.checked_mul(columns) != Some(data.len()) {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!("{rows}x{columns} with {} elements", data.len()),
            ));
        }
        Ok(Self {
            rows,
            columns,
            data,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The elements, row by row.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// Fails unless it is square.
    pub fn square(&self) -> Result<usize> {
        if self.rows != self.columns {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!("{}x{} is not square", self.rows, self.columns),
            ));
        }
        Ok(self.rows)
    }

    pub(crate) fn faer(&self) -> MatRef<'a, T> {
        MatRef::from_row_major_slice(self.data, self.rows, self.columns)
    }
}

/// Copies tile by tile, so that a transposition walks neither side with a long stride.
pub(crate) fn copy_blocked<T: Scalar>(source: MatRef<'_, T>, mut target: MatMut<'_, T>) {
    const TILE: usize = 32;
    let (rows, columns) = (source.nrows(), source.ncols());
    for row in (0..rows).step_by(TILE) {
        let height = TILE.min(rows - row);
        for column in (0..columns).step_by(TILE) {
            let width = TILE.min(columns - column);
            target
                .as_mut()
                .submatrix_mut(row, column, height, width)
                .copy_from(source.submatrix(row, column, height, width));
        }
    }
}
