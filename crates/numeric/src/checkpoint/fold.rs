//! Folding a low-rank pair into a weight: W + s·B·A.

use rayon::prelude::*;

use super::convert::Real;
use crate::{Error, Reason, Result, Task};

/// A low-rank pair and its scale s. Row-major.
#[derive(Debug, Clone)]
pub struct LowRankPair<T> {
    /// (rank, columns).
    pub a: Vec<T>,
    /// (rows, rank).
    pub b: Vec<T>,
    /// Rank.
    pub rank: usize,
    /// s.
    pub scale: T,
}

/// Arithmetic that folding needs.
pub trait FoldReal: Real + std::ops::Mul<Output = Self> + std::ops::AddAssign {}
impl FoldReal for f32 {}
impl FoldReal for f64 {}

impl<T: FoldReal> LowRankPair<T> {
    /// Checks the sizes against a weight of `rows` × `columns`.
    pub fn check(&self, rows: usize, columns: usize) -> Result<()> {
        if self.a.len() != self.rank * columns || self.b.len() != rows * self.rank {
            return Err(Error::new(
                Reason::ShapeMismatch,
                format!(
                    "a pair of rank {} with {} and {} elements for {rows} × {columns}",
                    self.rank,
                    self.a.len(),
                    self.b.len()
                ),
            ));
        }
        Ok(())
    }

    /// Adds s·B·A to the part of a weight that begins at element `start`. Each element is a sum over the rank in ascending order,
    /// so the result does not depend on how the weight is cut into parts. `row` is working memory.
    pub fn add_to(&self, start: usize, part: &mut [T], columns: usize, row: &mut Vec<T>) {
        let mut position = start;
        let mut rest = part;
        while !rest.is_empty() {
            let (i, first) = (position / columns, position % columns);
            let length = (columns - first).min(rest.len());
            let (segment, tail) = rest.split_at_mut(length);
            row.clear();
            row.resize(length, T::default());
            for k in 0..self.rank {
                let factor = self.b[i * self.rank + k];
                let line = &self.a[k * columns + first..][..length];
                for (sum, value) in row.iter_mut().zip(line) {
                    *sum += factor * *value;
                }
            }
            for (value, sum) in segment.iter_mut().zip(row.iter()) {
                *value += self.scale * *sum;
            }
            position += length;
            rest = tail;
        }
    }
}

/// Adds s·B·A to a whole weight of `rows` × `columns`.
pub fn fold<T: FoldReal>(
    weight: &mut [T],
    rows: usize,
    columns: usize,
    pair: &LowRankPair<T>,
    task: &Task,
) -> Result<()> {
    if weight.len() != rows * columns {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!("{} elements for {rows} × {columns}", weight.len()),
        ));
    }
    pair.check(rows, columns)?;
    task.set_total(weight.len() as u64);
    let part = super::read::CHUNK;
    weight.par_chunks_mut(part).enumerate().try_for_each_init(
        Vec::new,
        |row, (index, values)| -> Result<()> {
            task.check()?;
            pair.add_to(index * part, values, columns, row);
            task.advance(values.len() as u64);
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // W = 0, B = [1 2; 3 4; 5 6], A = [1 0 2; 0 1 1], s = 2: rows 2·[1 2 4], 2·[3 4 10], 2·[5 6 16].
    #[test]
    fn adds_the_scaled_product() {
        let pair = LowRankPair {
            a: vec![1.0, 0.0, 2.0, 0.0, 1.0, 1.0],
            b: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            rank: 2,
            scale: 2.0,
        };
        let mut weight = vec![0f32; 9];
        fold(&mut weight, 3, 3, &pair, &Task::new()).unwrap();
        assert_eq!(weight, [2.0, 4.0, 8.0, 6.0, 8.0, 20.0, 10.0, 12.0, 32.0]);
    }

    #[test]
    fn parts_give_the_bits_of_the_whole() {
        let (rows, columns, rank) = (37, 53, 5);
        let number = |i: usize| ((i * 2654435761) % 1000) as f32 / 997.0 - 0.5;
        let pair = LowRankPair {
            a: (0..rank * columns).map(number).collect(),
            b: (0..rows * rank).map(|i| number(i + 7)).collect(),
            rank,
            scale: 0.3,
        };
        let weight: Vec<f32> = (0..rows * columns).map(|i| number(i + 13)).collect();
        let mut whole = weight.clone();
        fold(&mut whole, rows, columns, &pair, &Task::new()).unwrap();
        let mut parts = weight;
        let mut row = Vec::new();
        for (index, part) in parts.chunks_mut(17).enumerate() {
            pair.add_to(index * 17, part, columns, &mut row);
        }
        assert_eq!(whole, parts);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let pair = LowRankPair {
            a: vec![0f64; 4],
            b: vec![0.0; 4],
            rank: 2,
            scale: 1.0,
        };
        let error = fold(&mut [0.0; 6], 2, 3, &pair, &Task::new()).unwrap_err();
        assert_eq!(error.reason, Reason::ShapeMismatch);
    }
}
