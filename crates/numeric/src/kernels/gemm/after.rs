//! What is done with the sums of a product once they are whole.

use std::ops::Range;

use super::super::scalar::gelu_slope;

/// Dense arrays; those that are absent change nothing. (sums + bias + addend) ∘ gelu'(slope_at).
#[derive(Debug, Clone, Copy, Default)]
pub struct After<'a> {
    /// Of a row.
    pub bias: Option<&'a [f32]>,
    /// Of the result's shape.
    pub addend: Option<&'a [f32]>,
    /// Of the result's shape: where the slope of GELU is taken.
    pub slope_at: Option<&'a [f32]>,
}

impl<'a> After<'a> {
    /// Panics if sizes do not fit a result of `length` elements in rows of `width`.
    pub fn check(&self, length: usize, width: usize) {
        assert!(self.bias.is_none_or(|bias| bias.len() == width));
        for whole in [self.addend, self.slope_at].into_iter().flatten() {
            assert_eq!(whole.len(), length);
        }
    }

    /// The same for the part of the result from `start` on.
    pub fn from(self, start: usize) -> Self {
        Self {
            addend: self.addend.map(|addend| &addend[start..]),
            slope_at: self.slope_at.map(|at| &at[start..]),
            ..self
        }
    }

    /// Does it to a part of the row that begins at `start`.
    pub fn apply(&self, start: usize, columns: Range<usize>, values: &mut [f32]) {
        if let Some(bias) = self.bias {
            add(values, &bias[columns.clone()]);
        }
        if let Some(addend) = self.addend {
            add(values, &addend[start..][columns.clone()]);
        }
        if let Some(at) = self.slope_at {
            multiply_by_slope(values, &at[start..][columns]);
        }
    }
}

super::super::simd! {
    fn add(values: &mut [f32], other: &[f32]) {
        for (v, &o) in values.iter_mut().zip(other) {
            *v += o;
        }
    }
}

super::super::simd! {
    fn multiply_by_slope(values: &mut [f32], at: &[f32]) {
        for (v, &x) in values.iter_mut().zip(at) {
            *v *= gelu_slope(x);
        }
    }
}
