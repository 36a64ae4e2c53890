//! Keeping changes that matter: arcee_fusion of mergekit.

use super::super::chunk::Tile;
use super::super::fact::Important;
use super::super::real::MergeReal;

/// Added to probabilities.
const EPSILON: f64 = 1e-8;

/// |x − base| · divergence, rounded to the precision of the merge.
fn score<T: MergeReal>(x: T, base: T, divergence: f64) -> T {
    T::from_f64((x - base).abs().to_f64() * divergence)
}

/// The scores of a part of one model into `scores`; `start` is its position.
pub fn scores<T: MergeReal>(
    x: &[T],
    base: &[T],
    start: usize,
    row: usize,
    divergences: &[f64],
    scores: &mut Vec<T>,
) {
    scores.clear();
    for (index, (x, base)) in x.chunks(row).zip(base.chunks(row)).enumerate() {
        let divergence = divergences[start / row + index];
        scores.extend(x.iter().zip(base).map(|(x, b)| score(*x, *b, divergence)));
    }
}

pub fn keep<T: MergeReal>(tile: &mut Tile<T>, found: &[Important], row: usize) {
    let Tile {
        models,
        base,
        rows,
        start,
        ..
    } = tile;
    for (x, important) in models[..*rows].iter_mut().zip(found) {
        for (index, (x, base)) in x.chunks_mut(row).zip(base.chunks(row)).enumerate() {
            let divergence = important.divergences[*start / row + index];
            for (x, base) in x.iter_mut().zip(base) {
                let important = score(*x, *base, divergence).to_f64() >= important.threshold;
                *x = if important { *x } else { *base };
            }
        }
    }
}

/// KL(softmax(x) ‖ softmax(y)) in f64.
pub fn divergence<T: MergeReal>(x: &[T], y: &[T]) -> f64 {
    let normaliser = |row: &[T]| {
        let largest = row
            .iter()
            .fold(f64::NEG_INFINITY, |most, x| most.max(x.to_f64()));
        let sum: f64 = row.iter().map(|x| (x.to_f64() - largest).exp()).sum();
        largest + sum.ln()
    };
    let (of_x, of_y) = (normaliser(x), normaliser(y));
    x.iter()
        .zip(y)
        .map(|(x, y)| {
            let p = (x.to_f64() - of_x).exp() + EPSILON;
            let q = (y.to_f64() - of_y).exp() + EPSILON;
            p * (p / q).ln()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    // softmax(ln 3, 0) = (3/4, 1/4) and softmax(0, 0) = (1/2, 1/2): 3/4·ln(3/2) + 1/4·ln(1/2), but for EPSILON.
    #[test]
    fn divergence_of_two_distributions() {
        let found = divergence(&[3f64.ln(), 0.0], &[0.0, 0.0]);
        let expected = 0.75 * 1.5f64.ln() + 0.25 * 0.5f64.ln();
        assert!((found - expected).abs() < 1e-7);
        assert_eq!(divergence(&[1.0f32, 2.0], &[1.0, 2.0]), 0.0);
    }
}
