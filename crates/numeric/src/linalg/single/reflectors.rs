//! Householder reflections H = I − τ v vᵀ, one by one and in blocks.
//!
//! A block of them is applied by two products: H₁ ⋯ H_b = I − W Yᵀ, the WY form of Bischof and Van Loan 1987, doi:10.1137/0908009. The
//! columns of W are no longer than those of Y. The triangle T of the compact form, W = Y T, has no such bound, and loses digits where the
//! vectors are nearly parallel, as those of rounding errors may be.

use faer::{MatMut, MatRef};

use super::vectors::add;
use crate::kernels::reduction::squares;
use crate::linalg::Matrix;
use crate::linalg::gemm::{multiply_into, multiply_onto};
use crate::{Result, Task};

/// Reflections that are applied together.
const BLOCK: usize = 64;

/// What makes the rest of a vector zero: (I − τ v vᵀ) x = β e₁.
pub(super) struct Reflection {
    pub tau: f32,
    pub beta: f32,
    /// x₁ − β, so that v = (x − β e₁) / head; 0 if nothing is to be done.
    pub head: f64,
}

/// Turns x into the v of its reflection, v₁ = 1. Norms are f64, so that squares of small elements do not vanish.
pub(super) fn reflect(x: &mut [f32]) -> Reflection {
    let (first, rest) = x.split_first_mut().expect("a vector has elements");
    let alpha = f64::from(*first);
    let rest_norm = squares(rest);
    *first = 1.0;
    if rest_norm == 0.0 {
        return Reflection {
            tau: 0.0,
            beta: alpha as f32,
            head: 0.0,
        };
    }
    let beta = -(alpha * alpha + rest_norm).sqrt().copysign(alpha);
    let head = alpha - beta;
    let factor = 1.0 / head;
    for value in rest.iter_mut() {
        *value = (f64::from(*value) * factor) as f32;
    }
    Reflection {
        // Of the v that was rounded: where all its elements are rounded alike, (β − x₁) / β is no reflection.
        tau: (2.0 / (1.0 + squares(rest))) as f32,
        beta: beta as f32,
        head,
    }
}

/// Reflections of which the k-th leaves the first k + `first` elements of a vector as they are.
pub(super) struct Reflectors {
    first: usize,
    length: usize,
    /// Vector behind vector, `length` elements each.
    vectors: Vec<f32>,
    taus: Vec<f32>,
}

impl Reflectors {
    pub fn new(count: usize, length: usize, first: usize) -> Self {
        Self {
            first,
            length,
            vectors: vec![0.0; count * length],
            taus: vec![0.0; count],
        }
    }

    /// Sets the k-th reflection; `v` begins with its element 1.
    pub fn set(&mut self, k: usize, v: &[f32], tau: f32) {
        let end = (k + 1) * self.length;
        self.vectors[end - v.len()..end].copy_from_slice(v);
        self.taus[k] = tau;
    }

    /// C ← C Qᵀ, Q = H₁ H₂ ⋯; C has rows of `length` elements.
    pub fn apply_to_rows(&self, mut c: MatMut<'_, f32>, task: &Task) -> Result<()> {
        for start in (0..self.taus.len()).step_by(BLOCK).rev() {
            let count = BLOCK.min(self.taus.len() - start);
            let block = self.block(start, count, false, task)?;
            let skipped = start + self.first;
            let part = c.as_mut().subcols_mut(skipped, self.length - skipped);
            block.apply_to_rows(part, task)?;
        }
        Ok(())
    }

    /// Some of them as one: Q = H₁ ⋯ H_b, or `transposed`.
    pub fn block(
        &self,
        start: usize,
        count: usize,
        transposed: bool,
        task: &Task,
    ) -> Result<Block<'_>> {
        let skipped = start + self.first;
        let height = self.length - skipped;
        let vectors = &self.vectors[start * self.length + skipped..];
        let y = MatRef::from_row_major_slice_with_stride(vectors, count, height, self.length);
        let mut gram = Matrix::zeros(count, count);
        multiply_into(gram.faer_mut(), y, y.transpose(), task)?;
        // Column j of W is τⱼ (vⱼ − Σ wᵢ vᵢᵀ vⱼ).
        let mut negated = Matrix::zeros(count, height);
        for (at, tau) in self.taus[start..start + count].iter().enumerate() {
            let (before, rest) = negated.data.split_at_mut(at * height);
            let w = &mut rest[..height];
            let factors = &mut gram.data[at * count..][..at];
            for (w, v) in w.iter_mut().zip(&vectors[at * self.length..]) {
                *w = -tau * v;
            }
            factors.iter_mut().for_each(|factor| *factor *= -tau);
            add(before, height, factors, w);
        }
        Ok(Block {
            y,
            w: negated,
            transposed,
        })
    }
}

/// Q = I − W Yᵀ, or its transpose.
pub(super) struct Block<'a> {
    /// Yᵀ, b × length.
    y: MatRef<'a, f32>,
    /// −Wᵀ, b × length.
    w: Matrix<f32>,
    transposed: bool,
}

impl Block<'_> {
    /// C ← C Qᵀ.
    pub fn apply_to_rows(&self, c: MatMut<'_, f32>, task: &Task) -> Result<()> {
        let w = self.w.view().faer();
        let (inner, outer) = if self.transposed {
            (w, self.y)
        } else {
            (self.y, w)
        };
        let mut product = Matrix::zeros(c.nrows(), self.w.rows);
        multiply_into(product.faer_mut(), c.as_ref(), inner.transpose(), task)?;
        multiply_onto(c, product.view().faer(), outer, task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::testing::{norm, normal, relative_error, wide};

    #[test]
    fn a_reflection_keeps_the_norm_in_one_element() {
        for scale in [1.0f32, 1e-25, 1e-40] {
            for x in [vec![3.0f32, 4.0], vec![-3.0, 0.0, 4.0], vec![0.0, 5.0]] {
                let x: Vec<f32> = x.iter().map(|value| value * scale).collect();
                let mut v = x.clone();
                let Reflection { tau, beta, head } = reflect(&mut v);
                assert!((beta.abs() - 5.0 * scale).abs() <= 1e-6 * 5.0 * scale + 1e-45);
                assert!(v[0] == 1.0 && head != 0.0 && tau > 0.0);
                let along: f32 = v.iter().zip(&x).map(|(v, x)| v * x).sum();
                for (at, (v, x)) in v.iter().zip(&x).enumerate() {
                    let expected = if at == 0 { beta } else { 0.0 };
                    let error = (x - tau * along * v - expected).abs();
                    assert!(error <= 1e-6 * 5.0 * scale + 1e-44, "{error}");
                }
            }
        }
        let mut done = [-2.0, 0.0];
        let reflection = reflect(&mut done);
        assert_eq!(
            (reflection.tau, reflection.beta, done),
            (0.0, -2.0, [1.0, 0.0])
        );
    }

    #[test]
    fn rows_and_columns_turn_alike_and_keep_their_norm() {
        let (count, length) = (BLOCK + 7, BLOCK + 30);
        let source = normal::<f32>(count, length, 1);
        let mut reflectors = Reflectors::new(count, length, 1);
        for k in 0..count {
            let mut v = source.data[k * length..][k + 1..length].to_vec();
            let reflection = reflect(&mut v);
            reflectors.set(k, &v, reflection.tau);
        }
        let mut rows = normal::<f32>(5, length, 2);
        let before = norm(&wide(&rows, 1.0));
        let source = rows.clone();
        reflectors
            .apply_to_rows(rows.faer_mut(), &Task::new())
            .unwrap();
        assert!((norm(&wide(&rows, 1.0)) - before).abs() < 1e-5 * before);
        // One by one, the last first.
        let mut expected = source.clone();
        for k in (0..count).rev() {
            let v = &reflectors.vectors[k * length..][..length];
            for row in expected.data.chunks_mut(length) {
                let along: f32 = row.iter().zip(v).map(|(x, v)| x * v).sum();
                for (x, v) in row.iter_mut().zip(v) {
                    *x -= reflectors.taus[k] * along * v;
                }
            }
        }
        assert!(relative_error(&wide(&expected, 1.0), &wide(&rows, 1.0)) < 2e-6);
        // Back by the transposed blocks, in order.
        for (start, size) in [(0, BLOCK), (BLOCK, 7)] {
            let block = reflectors.block(start, size, true, &Task::new()).unwrap();
            let part = rows.faer_mut().subcols_mut(start + 1, length - start - 1);
            block.apply_to_rows(part, &Task::new()).unwrap();
        }
        assert!(relative_error(&wide(&source, 1.0), &wide(&rows, 1.0)) < 2e-6);
    }
}
