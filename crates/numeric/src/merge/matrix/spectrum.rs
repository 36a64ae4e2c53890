//! Singular values and vectors of a long matrix from its Gram matrix.

use super::panels::product;
use crate::linalg::{Matrix, Precision, symmetric_eigen};
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
        let eigen = symmetric_eigen::decompose(gram.view(), true, Precision::F64, task)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::testing::normal;

    fn gram(x: &Matrix<f64>) -> Matrix<f64> {
        let x = x.view().faer();
        product(x.transpose(), x, &Task::new()).unwrap()
    }

    #[test]
    fn values_and_vectors_are_those_of_the_singular_value_decomposition() {
        let x = normal::<f64>(40, 7, 3);
        let svd = crate::linalg::svd::decompose(
            x.view(),
            crate::linalg::svd::Vectors::Thin,
            Precision::F64,
            &Task::new(),
        )
        .unwrap();
        let spectrum = Spectrum::of_gram(&gram(&x), 40, &Task::new()).unwrap();
        for (mine, other) in spectrum.values.iter().zip(&svd.s) {
            assert!((mine / other - 1.0).abs() < 1e-13, "{mine} {other}");
        }
        // Vectors up to their sign: |⟨v, w⟩| = 1.
        let vt = svd.vt.unwrap();
        let v = product(
            vt.view().faer(),
            spectrum.vectors.view().faer(),
            &Task::new(),
        )
        .unwrap();
        for (at, value) in v.data.iter().enumerate() {
            let expected = if at % 8 == 0 { 1.0 } else { 0.0 };
            assert!((value.abs() - expected).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn what_is_zero_has_no_direction() {
        // Rank 2 out of 5.
        let (left, right) = (normal::<f64>(30, 2, 1), normal::<f64>(2, 5, 2));
        let x = product(left.view().faer(), right.view().faer(), &Task::new()).unwrap();
        let spectrum = Spectrum::of_gram(&gram(&x), 30, &Task::new()).unwrap();
        assert_eq!(spectrum.rank(), 2);
        assert_eq!(spectrum.first(1).vectors.columns, 1);
        assert_eq!(spectrum.first(9).rank(), 2);
        let nothing = Spectrum::of_gram(&Matrix::zeros(4, 4), 30, &Task::new()).unwrap();
        assert_eq!(nothing.rank(), 0);
        assert_eq!(
            nothing.symmetric(&[], &Task::new()).unwrap(),
            Matrix::zeros(4, 4)
        );
        // Beside something large enough all of it is rounding.
        let rest = Spectrum::of_rest(&gram(&x), 30, 1e12, &Task::new()).unwrap();
        assert_eq!(rest.rank(), 0);
    }

    #[test]
    fn functions_of_the_gram_matrix() {
        let x = normal::<f64>(20, 6, 5);
        let spectrum = Spectrum::of_gram(&gram(&x), 20, &Task::new()).unwrap();
        let squares: Vec<f64> = spectrum.values.iter().map(|value| value * value).collect();
        let again = spectrum.symmetric(&squares, &Task::new()).unwrap();
        for (mine, other) in again.data.iter().zip(&gram(&x).data) {
            assert!((mine - other).abs() < 1e-12 * squares[0]);
        }
        // X·V·diag(1/σ) has orthonormal columns.
        let scaled = spectrum.scaled(&spectrum.inverses());
        let u = product(x.view().faer(), scaled.view().faer(), &Task::new()).unwrap();
        for (at, value) in gram(&u).data.iter().enumerate() {
            let expected = if at % 7 == 0 { 1.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-12);
        }
    }
}
