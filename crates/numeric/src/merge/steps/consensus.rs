//! What the models agree on at an element.

use super::super::chunk::Tile;
use super::super::real::MergeReal;
use super::super::vector;
use crate::kernels::simd::simd;

/// The sum over the models in order, into `sum`.
pub fn add_up<T: MergeReal>(tile: &mut Tile<T>) {
    let Tile {
        models, sum, rows, ..
    } = tile;
    sum.clone_from(&models[0]);
    models[1..*rows]
        .iter()
        .for_each(|row| vector::add(sum, row));
}

/// At each element, the sum of the weights of the models that are not zero.
pub fn present_weights<T: MergeReal>(tile: &Tile<T>, weights: &[f64]) -> Vec<f64> {
    let mut totals = vec![0.0; tile.length];
    for (row, weight) in tile.active().iter().zip(weights) {
        vector::add_present(&mut totals, *weight, row);
    }
    totals
}

pub fn elect_sign<T: MergeReal>(tile: &mut Tile<T>) {
    add_up(tile);
    let Tile {
        models, sum, rows, ..
    } = tile;
    models[..*rows]
        .iter_mut()
        .for_each(|row| vector::keep_sign(row, sum));
}

/// Elements whose variances are worked on at a time.
const BLOCK: usize = 256;

/// The variance over the models, in f64 from the first model on so that equal values have none.
pub fn variance<T: MergeReal>(tile: &Tile<T>, variances: &mut Vec<T>) {
    let models = tile.active();
    let count = models.len() as f64;
    variances.resize(tile.length, T::default());
    for (index, variances) in variances.chunks_mut(BLOCK).enumerate() {
        let part = |row: usize| &models[row][index * BLOCK..][..variances.len()];
        let (mut sums, mut squares) = ([0.0; BLOCK], [0.0; BLOCK]);
        (0..models.len()).for_each(|row| add_from_first(&mut sums, part(0), part(row)));
        let means = sums.map(|sum| sum / count);
        (0..models.len()).for_each(|row| add_squares(&mut squares, part(0), part(row), &means));
        for (variance, squares) in variances.iter_mut().zip(squares) {
            *variance = T::from_f64(squares / count);
        }
    }
}

simd! {
    /// sums ← sums + (x − first).
    fn add_from_first<T: MergeReal>(sums: &mut [f64; BLOCK], first: &[T], x: &[T]) {
        for ((sum, first), x) in sums.iter_mut().zip(first).zip(x) {
            *sum += x.to_f64() - first.to_f64();
        }
    }
}

simd! {
    /// squares ← squares + (x − first − mean)².
    fn add_squares<T: MergeReal>(squares: &mut [f64; BLOCK], first: &[T], x: &[T], means: &[f64; BLOCK]) {
        for (((square, first), x), mean) in squares.iter_mut().zip(first).zip(x).zip(means) {
            let difference = x.to_f64() - first.to_f64() - mean;
            *square += difference * difference;
        }
    }
}

/// Scales what only one model has by that model's factor.
pub fn amplify_unique<T: MergeReal>(tile: &mut Tile<T>, factors: &[f64]) {
    let present = present_weights(tile, &vec![1.0; tile.rows]);
    for (row, factor) in tile.active_mut().iter_mut().zip(factors) {
        let factor = T::from_f64(*factor);
        for (x, present) in row.iter_mut().zip(&present) {
            *x = if *present == 1.0 { factor * *x } else { *x };
        }
    }
}

/// Σ wᵢxᵢ / Σ wᵢ over the models that are not zero.
pub fn mean_by_energy<T: MergeReal>(tile: &mut Tile<T>, weights: &[f64], smallest_divisor: f64) {
    let totals = present_weights(tile, weights);
    for (row, weight) in tile.active_mut().iter_mut().zip(weights) {
        vector::multiply(row, T::from_f64(*weight));
    }
    add_up(tile);
    // Where no model is left the sum is zero, whatever divides it.
    let instead = if smallest_divisor > 0.0 {
        smallest_divisor
    } else {
        1.0
    };
    let smallest = if smallest_divisor > 0.0 {
        smallest_divisor
    } else {
        f64::MIN_POSITIVE
    };
    vector::divide_each(&mut tile.sum, &totals, smallest, instead);
    tile.replace_by_sum();
}

/// The value of largest magnitude; of equal magnitudes the positive value.
pub fn largest<T: MergeReal>(tile: &mut Tile<T>) {
    let Tile {
        models, sum, rows, ..
    } = tile;
    sum.clone_from(&models[0]);
    for row in &models[1..*rows] {
        for (best, x) in sum.iter_mut().zip(row) {
            let wins = x.magnitude() > best.magnitude()
                || (x.magnitude() == best.magnitude() && *x > *best);
            *best = if wins { *x } else { *best };
        }
    }
    tile.replace_by_sum();
}

/// The sum where |xᵢ| > lambda·|sum − xᵢ| for `least` models or more, else zero.
pub fn needed_by<T: MergeReal>(tile: &mut Tile<T>, lambda: f64, least: u32) {
    add_up(tile);
    let Tile {
        models, sum, rows, ..
    } = tile;
    let lambda = T::from_f64(lambda);
    for (at, total) in sum.iter_mut().enumerate() {
        let needs = |row: &&Vec<T>| row[at].abs() > lambda * (*total - row[at]).abs();
        let count = models[..*rows].iter().filter(needs).count();
        if count < least as usize {
            *total = T::default();
        }
    }
    tile.replace_by_sum();
}

/// Σ wᵢFᵢxᵢ / Σ wᵢFᵢ, F the statistics; where the divisor is zero Σ wᵢxᵢ / Σ wᵢ. Sums are in f64.
pub fn fisher_mean<T: MergeReal>(tile: &mut Tile<T>, weights: &[f64], floor: f64) {
    let plain: f64 = weights.iter().sum();
    tile.sum.clear();
    for at in 0..tile.length {
        let (mut sum, mut total, mut unweighted) = (0.0, 0.0, 0.0);
        for (model, weight) in weights.iter().enumerate() {
            let x = tile.models[model][at].to_f64();
            let factor = weight * (tile.statistics[model][at].to_f64() + floor);
            sum += factor * x;
            total += factor;
            unweighted += weight * x;
        }
        let mean = if total == 0.0 {
            unweighted / plain
        } else {
            sum / total
        };
        tile.sum.push(T::from_f64(mean));
    }
    tile.replace_by_sum();
}

/// Elements that each model shares with others, and those that it alone has.
pub fn count_shared<T: MergeReal>(tile: &Tile<T>) -> Vec<[u64; 2]> {
    let present = present_weights(tile, &vec![1.0; tile.rows]);
    let of_row = |row: &Vec<T>| {
        let mut counts = [0, 0];
        for (x, present) in row.iter().zip(&present) {
            let here = *x != T::default();
            counts[0] += u64::from(here && *present > 1.0);
            counts[1] += u64::from(here && *present == 1.0);
        }
        counts
    };
    tile.active().iter().map(of_row).collect()
}
