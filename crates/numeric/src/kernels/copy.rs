//! Copies of boxes of elements between arrays: slices, joins, padding and repetition.

use super::split::{self, Shared};

/// Where the elements of a box lie in an array: the first one, and the distance along each axis, 0 for the same ones again.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Index of the first element.
    pub offset: usize,
    /// Elements between neighbours along each axis.
    pub strides: &'a [u32],
}

impl Place<'_> {
    /// One more than the index of the last element of a box that is not empty.
    fn end(&self, sizes: &[u32]) -> usize {
        let along = |(&size, &stride): (&u32, &u32)| (size as usize - 1) * stride as usize;
        self.offset + sizes.iter().zip(self.strides).map(along).sum::<usize>() + 1
    }
}

/// An axis of both arrays.
struct Axis {
    size: usize,
    from: usize,
    to: usize,
}

/// Copies a box of `sizes` from x to `out`; what lies beside it stays as it is. Panics if either array is too small, or if the strides
/// of `out` could name an element twice: ordered by size, each reaches beyond the box of those before it.
pub fn copy(x: &[f32], from: Place<'_>, sizes: &[u32], out: &mut [f32], to: Place<'_>) {
    assert!(from.strides.len() == sizes.len() && to.strides.len() == sizes.len());
    if sizes.contains(&0) {
        return;
    }
    assert!(from.end(sizes) <= x.len() && to.end(sizes) <= out.len());
    assert!(
        distinct(sizes, to.strides),
        "elements of the output coincide"
    );
    let mut axes: Vec<Axis> = Vec::new();
    for ((&size, &from), &to) in sizes.iter().zip(from.strides).zip(to.strides) {
        let (size, from, to) = (size as usize, from as usize, to as usize);
        match axes.last_mut() {
            _ if size == 1 => {}
            // Neighbours that stay together are one axis.
            Some(last) if last.from == size * from && last.to == size * to => {
                *last = Axis {
                    size: last.size * size,
                    from,
                    to,
                };
            }
            _ => axes.push(Axis { size, from, to }),
        }
    }
    let inner = axes.pop().unwrap_or(Axis {
        size: 1,
        from: 1,
        to: 1,
    });
    let rows: usize = axes.iter().map(|axis| axis.size).product();
    let shared = Shared(out.as_mut_ptr());
    let together = (split::GRAIN / inner.size).max(1);
    split::each(rows.div_ceil(together), together * inner.size, |part| {
        for row in part * together..rows.min((part + 1) * together) {
            let (mut at, mut place, mut rest) = (from.offset, to.offset, row);
            for axis in axes.iter().rev() {
                at += rest % axis.size * axis.from;
                place += rest % axis.size * axis.to;
                rest /= axis.size;
            }
            // SAFETY: both ends have been compared with the arrays, and no two rows share an element of `out`.
            unsafe { line(x.as_ptr().add(at), shared.at(place), &inner) };
        }
    });
}

/// Whether each stride, from the smallest, reaches beyond all that the smaller ones span, so that no element is named twice.
fn distinct(sizes: &[u32], strides: &[u32]) -> bool {
    let mut axes: Vec<(usize, usize)> = sizes
        .iter()
        .zip(strides)
        .filter(|&(&size, _)| size > 1)
        .map(|(&size, &stride)| (stride as usize, size as usize))
        .collect();
    axes.sort_unstable();
    let mut span = 0;
    axes.iter().all(|&(stride, size)| {
        let beyond = stride > span;
        span += stride * (size - 1);
        beyond
    })
}

/// # Safety
/// Both arrays hold all elements of the axis.
unsafe fn line(from: *const f32, to: *mut f32, axis: &Axis) {
    // SAFETY: the caller's promise.
    unsafe {
        match (axis.from, axis.to) {
            (1, 1) => std::ptr::copy_nonoverlapping(from, to, axis.size),
            (0, 1) => std::slice::from_raw_parts_mut(to, axis.size).fill(*from),
            _ => {
                for i in 0..axis.size {
                    *to.add(i * axis.to) = *from.add(i * axis.from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_goes_where_it_is_told_and_nothing_else_changes() {
        let x: Vec<f32> = (0..3 * 50 * 70).map(|i| i as f32).collect();
        let mut out = vec![-1.0; 2 * 40 * 1000];
        let (sizes, from, to) = ([2, 40, 60], [3500, 70, 1], [40_000, 1000, 3]);
        let place = |offset, strides| Place { offset, strides };
        copy(&x, place(75, &from), &sizes, &mut out, place(5, &to));
        let mut expected = vec![-1.0; out.len()];
        for (i, j, k) in
            (0..2).flat_map(|i| (0..40).flat_map(move |j| (0..60).map(move |k| (i, j, k))))
        {
            expected[5 + 40_000 * i + 1000 * j + 3 * k] = x[75 + 3500 * i + 70 * j + k];
        }
        assert_eq!(out, expected);
    }

    #[test]
    fn an_element_is_repeated_and_an_empty_box_is_nothing() {
        let mut out = vec![0.0; 12];
        let place = |strides| Place { offset: 0, strides };
        copy(
            &[1.0, 2.0],
            place(&[0, 1, 0]),
            &[2, 2, 3],
            &mut out,
            place(&[6, 3, 1]),
        );
        assert_eq!(
            out,
            [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
        );
        copy(&[], place(&[1]), &[0], &mut out, place(&[1]));
        assert_eq!(out[0], 1.0);
    }

    #[test]
    #[should_panic]
    fn a_box_beyond_an_array_is_refused() {
        let place = |strides| Place { offset: 1, strides };
        copy(&[1.0, 2.0], place(&[1]), &[2], &mut [0.0; 3], place(&[1]));
    }
    #[test]
    #[should_panic(expected = "coincide")]
    fn an_output_whose_elements_coincide_is_refused() {
        let place = |strides| Place { offset: 0, strides };
        copy(
            &[1.0; 6],
            place(&[3, 1]),
            &[2, 3],
            &mut [0.0; 6],
            place(&[2, 1]),
        );
    }

    #[test]
    #[should_panic(expected = "coincide")]
    fn an_output_without_a_stride_is_refused() {
        let place = |strides| Place { offset: 0, strides };
        copy(&[1.0; 6], place(&[1]), &[6], &mut [0.0; 6], place(&[0]));
    }
}
