//! Singular values of matrices and of the slices of a convolution kernel.

use crate::linalg::svd::{Vectors, decompose};
use crate::linalg::{Precision, View};
use crate::{Error, Reason, Result, Task};

/// How a weight lies in memory: `rows · columns · positions` elements, the positions of a kernel next to each other. A plain
/// matrix has one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// First dimension.
    pub rows: usize,
    /// Second dimension.
    pub columns: usize,
    /// Positions of the kernel: the product of the other dimensions.
    pub positions: usize,
}

/// Singular values of the matrix at every position, in order of position. Of `weights` or, with a base, of the difference.
pub fn singular_values(
    weights: &[f64],
    base: Option<&[f64]>,
    layout: Layout,
    task: &Task,
) -> Result<Vec<f64>> {
    let Layout {
        rows,
        columns,
        positions,
    } = layout;
    let size = rows
        .checked_mul(columns)
        .and_then(|size| size.checked_mul(positions));
    if size != Some(weights.len()) || base.is_some_and(|base| base.len() != weights.len()) {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!(
                "{rows}x{columns}x{positions} with {} elements",
                weights.len()
            ),
        ));
    }
    task.set_total(positions as u64);
    let mut pooled = Vec::with_capacity(rows.min(columns) * positions);
    for position in 0..positions {
        task.check()?;
        let at = |data: &[f64]| {
            data.iter()
                .skip(position)
                .step_by(positions)
                .copied()
                .collect()
        };
        let mut slice: Vec<f64> = at(weights);
        if let Some(base) = base {
            let base: Vec<f64> = at(base);
            for (value, base) in slice.iter_mut().zip(base) {
                *value -= base;
            }
        }
        let svd = decompose(
            View::new(rows, columns, &slice)?,
            Vectors::No,
            Precision::F64,
            task,
        )?;
        pooled.extend(svd.s);
        task.advance(1);
    }
    Ok(pooled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_the_slices_of_a_kernel() {
        // Position 0 holds diag(3, 1), position 1 holds diag(2, 5).
        let kernel = [3.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 5.0];
        let layout = Layout {
            rows: 2,
            columns: 2,
            positions: 2,
        };
        let values = singular_values(&kernel, None, layout, &Task::new()).unwrap();
        for (value, exact) in values.iter().zip([3.0, 1.0, 5.0, 2.0]) {
            assert!((value - exact).abs() < 1e-14);
        }
    }

    #[test]
    fn subtracts_the_base() {
        let layout = Layout {
            rows: 1,
            columns: 2,
            positions: 1,
        };
        let values = singular_values(&[4.0, 5.0], Some(&[1.0, 1.0]), layout, &Task::new()).unwrap();
        assert!((values[0] - 5.0).abs() < 1e-14);
        assert!(singular_values(&[4.0, 5.0], Some(&[1.0]), layout, &Task::new()).is_err());
    }
}
