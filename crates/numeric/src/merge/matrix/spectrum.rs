//! Singular values and vectors of a long matrix from its Gram matrix.

use super::panels::product;
use crate::linalg::{Matrix, symmetric_eigen};
use crate::{Result, Task};

/// Singular values that are not zero, largest first, and their vectors on the short side.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// r values.
    pub values: Vec<f64>,
    /// (n, r), orthonormal columns.
    pub vectors: Matrix<f64>,
}

impl Spectrum {
    /// Of X (length, n) with XᵀX = `gram`. Values below √(max(length, n)·2⁻⁵²) of the largest are rounding errors of the sums, and count
    /// as zero.
    pub fn of_gram(gram: &Matrix<f64>, length: usize, task: &Task) -> Result<Self> {
        Self::of_rest(gram, length, 0.0, task)
    }

    /// Of what is left of a matrix after something with the singular value `known` was taken out: what is small beside that, too, counts
    /// as zero.
    pub fn of_rest(gram: &Matrix<f64>, length: usize, known: f64, task: &Task) -> Result<Self> {
        let size = gram.rows;
        let eigen = symmetric_eigen::decompose(gram.view(), true, task)?;
        let largest = eigen
            .values
            .last()
            .map_or(0.0, |value| value.max(known * known));
        let smallest = largest * length.max(size) as f64 * f64::EPSILON;
        let rank = eigen
            .values
            .iter()
            .filter(|value| **value > smallest && **value > 0.0)
            .count();
        let mut vectors = Matrix::zeros(size, rank);
        if let Some(found) = eigen.vectors {
            for (row, target) in vectors.data.chunks_mut(rank.max(1)).enumerate() {
                let source = &found.data[row * size..][..size];
                for (to, from) in target.iter_mut().zip(source.iter().rev()) {
                    *to = *from;
                }
            }
        }
        let values = eigen.values.iter().rev().take(rank);
        Ok(Self {
            values: values.map(|value| value.sqrt()).collect(),
            vectors,
        })
    }

    /// Number of values.
    pub fn rank(&self) -> usize {
        self.values.len()
    }

    /// The largest values, as many as there are.
    pub fn first(&self, count: usize) -> Self {
        let count = count.min(self.rank());
        let mut vectors = Matrix::zeros(self.vectors.rows, count);
        let rows = self.vectors.data.chunks(self.rank().max(1));
        for (target, source) in vectors.data.chunks_mut(count.max(1)).zip(rows) {
            target.copy_from_slice(&source[..count]);
        }
        Self {
            values: self.values[..count].to_vec(),
            vectors,
        }
    }

    /// V·diag(f), (n, r), with a factor for each value.
    pub fn scaled(&self, factors: &[f64]) -> Matrix<f64> {
        let mut result = self.vectors.clone();
        for row in result.data.chunks_mut(self.rank().max(1)) {
            for (value, factor) in row.iter_mut().zip(factors) {
                *value *= factor;
            }
        }
        result
    }

    /// V·diag(f)·Vᵀ, (n, n).
    pub fn symmetric(&self, factors: &[f64], task: &Task) -> Result<Matrix<f64>> {
        let left = self.scaled(factors);
        let right = self.vectors.view();
        product(left.view().faer(), right.faer().transpose(), task)
    }

    /// 1/σ.
    pub fn inverses(&self) -> Vec<f64> {
        self.values.iter().map(|value| value.recip()).collect()
    }
}
