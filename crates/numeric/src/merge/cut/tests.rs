//! Against sorting.

use std::ops::Range;

use super::*;
use crate::merge::chunk::Layout;

/// One row; its tiles and chunks are of that size.
struct Row<'a, T>(&'a [T], usize);

impl<T: Sync> Rows<T> for Row<'_, T> {
    fn layout(&self) -> Layout {
        Layout::of_size(self.0.len(), self.1)
    }

    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()> {
        visit(0, elements.start, &self.0[elements]);
        Ok(())
    }
}

fn kept<T: MergeReal>(values: &[T], count: u64, chunk: usize) -> Vec<T> {
    let rows = Row(values, chunk);
    let cuts = find_cuts(&[count], values.len() as u64, &rows, &Task::new()).unwrap();
    if count > 0 && count < values.len() as u64 {
        let exact = radix::search(&[Some(count)], &rows, &Task::new()).unwrap();
        assert_eq!(exact, [Some(cuts[0])]);
    }
    let mut result = values.to_vec();
    let mut dropped = values.to_vec();
    for (index, part) in result.chunks_mut(chunk).enumerate() {
        cuts[0].keep(index * chunk, part);
    }
    for (index, part) in dropped.chunks_mut(chunk).enumerate() {
        cuts[0].drop(index * chunk, part);
    }
    // What is kept and what is dropped make up the whole.
    for ((value, kept), dropped) in values.iter().zip(&result).zip(&dropped) {
        let zero = T::default();
        assert!((*kept == *value && *dropped == zero) || (*kept == zero && *dropped == *value));
    }
    result
}

/// By sorting positions: largest magnitude first, then the earlier.
fn sorted<T: MergeReal>(values: &[T], count: u64) -> Vec<T> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|i| (std::cmp::Reverse(values[*i].magnitude()), *i));
    let mut result = vec![T::default(); values.len()];
    for i in &order[..count as usize] {
        result[*i] = values[*i];
    }
    result
}

fn number(i: u64) -> f64 {
    let bits = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    (bits as f64 / (1u64 << 53) as f64 - 0.5) * 10f64.powi((i % 60) as i32 - 30)
}

#[test]
fn agrees_with_sorting_in_both_precisions() {
    let wide: Vec<f64> = (0..1000).map(number).collect();
    let narrow: Vec<f32> = wide.iter().map(|x| *x as f32).collect();
    for count in [0, 1, 2, 499, 500, 999, 1000] {
        assert_eq!(kept(&wide, count, 64), sorted(&wide, count));
        assert_eq!(kept(&narrow, count, 64), sorted(&narrow, count));
    }
}

#[test]
fn of_equal_magnitudes_the_earlier_stay_whatever_the_chunks() {
    let values: Vec<f32> = (0..100).map(|i| [1.0, -1.0, 2.0, 0.5][i % 4]).collect();
    for count in [10, 25, 26, 40, 74, 75, 80] {
        for chunk in [1, 7, 100] {
            assert_eq!(kept(&values, count, chunk), sorted(&values, count));
        }
    }
}

#[test]
fn zeros_and_subnormals_have_their_place() {
    let values = [0.0f32, -0.0, 1e-45, -3e-45, f32::MAX];
    assert_eq!(kept(&values, 2, 2), [0.0, 0.0, 0.0, -3e-45, f32::MAX]);
}

fn cuts_by_sample(values: &[f32], count: u64) -> Option<Cut> {
    let cuts = bracket::search(&[Some(count)], &Row(values, 10), &Task::new()).unwrap();
    cuts[0]
}

#[test]
fn a_sample_suffices_where_values_are_alike_everywhere() {
    let values: Vec<f32> = (0..100_000).map(|i| number(i) as f32).collect();
    for count in [1, 10, 30_000, 99_990, 99_999] {
        assert!(cuts_by_sample(&values, count).is_some());
        assert_eq!(kept(&values, count, 10), sorted(&values, count));
    }
}

#[test]
fn a_value_that_many_elements_have_is_no_obstacle() {
    let values: Vec<f32> = (0..100_000)
        .map(|i| [0.0, 1.0, -1.0, 3.0, number(i) as f32][(i % 7).min(4) as usize])
        .collect();
    for count in [20_000, 40_000, 60_000, 80_000] {
        assert!(cuts_by_sample(&values, count).is_some());
        assert_eq!(kept(&values, count, 10), sorted(&values, count));
    }
}

#[test]
fn a_sample_that_misleads_is_noticed() {
    // Tile 16 + 32·i is sampled: the others are larger.
    let sampled = |i: u64| (i / 10) % 32 == 16;
    let values: Vec<f32> = (0..32_000)
        .map(|i| {
            if sampled(i) {
                0.5
            } else {
                2.0 + (i % 10) as f32
            }
        })
        .collect();
    assert_eq!(cuts_by_sample(&values, 1000), None);
    assert_eq!(kept(&values, 1000, 10), sorted(&values, 1000));
}
