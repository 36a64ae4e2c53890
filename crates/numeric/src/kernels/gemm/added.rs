//! What is added to the sums of a product.

/// Adds a bias, and the part of an addend whose row begins at `start`, to a part of a row.
pub fn add_both(
    (bias, addend): (Option<&[f32]>, Option<&[f32]>),
    start: usize,
    columns: std::ops::Range<usize>,
    values: &mut [f32],
) {
    if let Some(bias) = bias {
        add(values, &bias[columns.clone()]);
    }
    if let Some(addend) = addend {
        add(values, &addend[start..][columns]);
    }
}

super::super::simd! {
    fn add(values: &mut [f32], other: &[f32]) {
        for (v, &o) in values.iter_mut().zip(other) {
            *v += o;
        }
    }
}
