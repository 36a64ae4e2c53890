//! Singular triplets of several models made into one matrix: vectors that are not orthogonal to each other are replaced by the nearest
//! that are.

use super::super::source::Folding;
use super::panels::{Panel, Panels, product};
use super::spectrum::Spectrum;
use crate::linalg::Matrix;
use crate::{Result, Task};

/// P(U)·diag(weights)·P(V)ᵀ, P(X) = X(XᵀX)^(−1/2) the polar factor, with the pseudo-inverse where the columns of X depend on each other.
/// `left` makes the panels of U (vectors, k); `right` is V (width, k).
pub fn recombine<T: Folding>(
    panels: &Panels<'_, T>,
    left: impl Fn(&Panel) -> Result<Matrix<f64>>,
    right: &Matrix<f64>,
    weights: &[f64],
    task: &Task,
) -> Result<Vec<T>> {
    let count = weights.len();
    let mut middle = inverse_root(&panels.gram(count, &left)?, panels.length(), task)?;
    for row in middle.data.chunks_mut(count.max(1)) {
        for (value, weight) in row.iter_mut().zip(weights) {
            *value *= weight;
        }
    }
    let v = right.view().faer();
    let root = inverse_root(&product(v.transpose(), v, task)?, right.rows, task)?;
    let middle = product(middle.view().faer(), root.view().faer(), task)?;
    let coefficients = product(middle.view().faer(), v.transpose(), task)?;
    panels.assemble(|panel| product(left(panel)?.view().faer(), coefficients.view().faer(), task))
}

/// (XᵀX)^(−1/2), X of that length.
fn inverse_root(gram: &Matrix<f64>, length: usize, task: &Task) -> Result<Matrix<f64>> {
    let spectrum = Spectrum::of_gram(gram, length, task)?;
    spectrum.symmetric(&spectrum.inverses(), task)
}

/// Matrices of the same height, side by side.
pub fn side_by_side(parts: &[&Matrix<f64>], rows: usize) -> Matrix<f64> {
    let columns = parts.iter().map(|part| part.columns).sum();
    let mut result = Matrix::zeros(rows, columns);
    if columns == 0 {
        return result;
    }
    for (row, target) in result.data.chunks_mut(columns).enumerate() {
        let mut at = 0;
        for part in parts {
            let source = &part.data[row * part.columns..][..part.columns];
            target[at..][..part.columns].copy_from_slice(source);
            at += part.columns;
        }
    }
    result
}
