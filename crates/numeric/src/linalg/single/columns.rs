//! A matrix by columns, with at least as many rows: the form that reductions work on.

use faer::{MatMut, MatRef};

use crate::linalg::View;
use crate::linalg::matrix::copy_blocked;

/// m × n, m ≥ n, column behind column.
pub(super) struct Columns {
    pub rows: usize,
    pub columns: usize,
    pub data: Vec<f32>,
}

impl Columns {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            data: vec![0.0; rows * columns],
        }
    }

    /// The columns of `a`, or those of its transpose, whichever is not wide.
    pub fn of(a: View<'_, f32>) -> Self {
        let (rows, columns) = (a.rows().max(a.columns()), a.rows().min(a.columns()));
        let mut result = Self {
            rows,
            columns,
            data: Vec::new(),
        };
        if is_transposed(a) {
            result.data.extend_from_slice(a.data());
        } else {
            result.data.resize(rows * columns, 0.0);
            copy_blocked(a.faer().transpose(), result.by_rows_mut());
        }
        result
    }

    /// With `more` rows of zeros at the end.
    pub fn longer(&self, more: usize) -> Self {
        let mut result = Self::zeros(self.rows + more, self.columns);
        let columns = self.data.chunks_exact(self.rows);
        for (to, from) in result.data.chunks_exact_mut(self.rows + more).zip(columns) {
            to[..self.rows].copy_from_slice(from);
        }
        result
    }

    /// The transpose, n × m, row by row.
    pub fn by_rows_mut(&mut self) -> MatMut<'_, f32> {
        MatMut::from_row_major_slice_mut(&mut self.data, self.columns, self.rows)
    }

    /// The transpose, n × m, row by row.
    pub fn by_rows(&self) -> MatRef<'_, f32> {
        MatRef::from_row_major_slice(&self.data, self.columns, self.rows)
    }
}

/// Whether [`Columns::of`] takes the transpose: rows of a square or wide matrix are the columns of its transpose where they lie.
pub(super) fn is_transposed(a: View<'_, f32>) -> bool {
    a.rows() <= a.columns()
}
