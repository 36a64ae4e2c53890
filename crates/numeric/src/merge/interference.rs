//! How the task vectors of models get in each other's way in one tensor: dot products, signs that conflict, supports that overlap.

use super::chunk::Tile;
use super::combine::pairs;
use super::find::find_facts;
use super::pass::Pass;
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::Step;
use super::real::MergeReal;
use super::source::Folding;
use super::vector;
use crate::kernels::simd::simd;
use crate::{Error, Reason, Result, Task};

/// What the models did to one element or to many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// Elements that a model changed.
    pub changed: u64,
    /// Elements that one model raised and another lowered.
    pub conflicting: u64,
}

/// Counts and sums over a tensor; pairs are in the order (0, 0), (0, 1), …, (1, 1), ….
#[derive(Debug, Clone, PartialEq)]
pub struct Interference {
    /// Elements of the tensor.
    pub elements: u64,
    /// Of the task vectors.
    pub whole: Signs,
    /// Of their supports: what `keep_largest` left.
    pub kept: Signs,
    /// Dot products of the task vectors, in f64.
    pub products: Vec<f64>,
    /// Elements in the supports of both.
    pub overlaps: Vec<u64>,
}

impl Interference {
    fn new(models: usize, elements: usize) -> Self {
        let count = pairs(models).count();
        Self {
            elements: elements as u64,
            whole: Signs::default(),
            kept: Signs::default(),
            products: vec![0.0; count],
            overlaps: vec![0; count],
        }
    }

    fn add(&mut self, part: &Self) {
        self.whole.add(part.whole);
        self.kept.add(part.kept);
        for (total, product) in self.products.iter_mut().zip(&part.products) {
            *total += product;
        }
        for (total, overlap) in self.overlaps.iter_mut().zip(&part.overlaps) {
            *total += overlap;
        }
    }

    fn see_whole<T: MergeReal>(&mut self, tile: &Tile<T>) {
        let rows = tile.active();
        self.whole.add(signs(rows));
        for (total, (i, j)) in self.products.iter_mut().zip(pairs(rows.len())) {
            *total += vector::dot(&rows[i], &rows[j]);
        }
    }

    fn see_kept<T: MergeReal>(&mut self, tile: &Tile<T>) {
        let rows = tile.active();
        self.kept.add(signs(rows));
        for (total, (i, j)) in self.overlaps.iter_mut().zip(pairs(rows.len())) {
            *total += count_common(&rows[i], &rows[j]);
        }
    }
}

impl Signs {
    fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.conflicting += other.conflicting;
    }
}

fn signs<T: MergeReal>(rows: &[Vec<T>]) -> Signs {
    let length = rows.first().map_or(0, Vec::len);
    let (mut raised, mut lowered) = (vec![0u8; length], vec![0u8; length]);
    for row in rows {
        mark(&mut raised, &mut lowered, row);
    }
    let mut result = Signs::default();
    for (up, down) in raised.iter().zip(&lowered) {
        result.changed += u64::from(up | down);
        result.conflicting += u64::from(up & down);
    }
    result
}

simd! {
    fn mark<T: MergeReal>(raised: &mut [u8], lowered: &mut [u8], row: &[T]) {
        for ((raised, lowered), x) in raised.iter_mut().zip(lowered).zip(row) {
            *raised |= u8::from(*x > T::default());
            *lowered |= u8::from(*x < T::default());
        }
    }
}

simd! {
    fn count_common<T: MergeReal>(x: &[T], y: &[T]) -> u64 {
        let mut count = 0;
        for (x, y) in x.iter().zip(y) {
            count += u64::from(*x != T::default() && *y != T::default());
        }
        count
    }
}

/// Compares the models of a program that begins with `delta` and `keep_largest`, whose counts are the sizes of the supports; what
/// follows is not run. Sums are taken chunk by chunk, so they do not depend on threads.
pub fn interference(merge: &TensorMerge, task: &Task) -> Result<Interference> {
    if !matches!(
        merge.steps[..],
        [Step::Delta { .. }, Step::KeepLargest { .. }, ..]
    ) {
        return Err(Error::new(
            Reason::OutOfRange,
            "the program does not begin with delta and keep_largest",
        ));
    }
    let passes: u64 = merge.steps.iter().map(Step::passes).sum();
    task.set_total(merge.elements as u64 * (1 + passes));
    match merge.is_wide()? {
        true => find::<f64>(merge, task),
        false => find::<f32>(merge, task),
    }
}

fn find<T: Folding>(merge: &TensorMerge, task: &Task) -> Result<Interference> {
    const AFTER_DELTA: usize = 1;
    const AFTER_KEEPING: usize = 2;
    let pool = Pool::default();
    let facts = find_facts::<T>(merge, &pool, task)?;
    let pass = Pass::new(merge, &facts, &pool, task);
    let models = merge.models.len();
    let mut total = Interference::new(models, merge.elements);
    pass.reduce(
        &[AFTER_DELTA, AFTER_KEEPING],
        size_of::<f64>() * models * models,
        || Interference::new(models, 0),
        |part: &mut Interference, stop, tile| match stop {
            AFTER_DELTA => part.see_whole(tile),
            _ => part.see_kept(tile),
        },
        |part| total.add(&part),
    )?;
    task.advance(merge.elements as u64);
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(rows: &[&[f32]]) -> Tile<f32> {
        Tile {
            length: rows[0].len(),
            rows: rows.len(),
            models: rows.iter().map(|row| row.to_vec()).collect(),
            ..Tile::default()
        }
    }

    #[test]
    fn an_element_conflicts_when_one_model_raised_it_and_another_lowered_it() {
        let rows = [
            &[1.0f32, -1.0, 0.0, 0.0, 2.0, -0.0][..],
            &[-3.0, -1.0, 0.0, 1.0, 2.0, 0.0],
            &[0.0, 5.0, 0.0, 0.0, 2.0, 0.0],
        ];
        let mut found = Interference::new(3, 6);
        found.see_whole(&tile(&rows));
        found.see_kept(&tile(&rows));
        let expected = Signs {
            changed: 4,
            conflicting: 2,
        };
        assert_eq!((found.whole, found.kept), (expected, expected));
        // (0,0) (0,1) (0,2) (1,1) (1,2) (2,2)
        assert_eq!(found.overlaps, [3, 3, 2, 4, 2, 2]);
        assert_eq!(found.products, [6.0, 2.0, -1.0, 15.0, -1.0, 29.0]);
    }
}
