//! Sums over the models, and combinations with given coefficients.

use super::super::chunk::{Layout, Tile};
use super::super::program::{Along, Divisor};
use super::super::real::MergeReal;
use super::super::vector;
use super::consensus::{add_up, present_weights};

/// Sums of weights smaller than this count as one, as in mergekit.
const SMALLEST_DIVISOR: f64 = 1e-8;

/// The sum of the models in order, divided.
pub fn sum<T: MergeReal>(tile: &mut Tile<T>, divisor: Divisor, weights: &[f64]) {
    add_up(tile);
    match divisor {
        Divisor::One => {}
        Divisor::Weights => {
            let total: f64 = weights.iter().sum();
            let total = if total.abs() < SMALLEST_DIVISOR {
                1.0
            } else {
                total
            };
            vector::divide(&mut tile.sum, T::from_f64(total));
        }
        Divisor::PresentWeights => {
            let totals = present_weights(tile, weights);
            vector::divide_each(&mut tile.sum, &totals, SMALLEST_DIVISOR, 1.0);
        }
    }
    tile.replace_by_sum();
}

/// Σ cᵢxᵢ; `coefficients` are one for each model and vector, all vectors of the first model first.
pub fn combine<T: MergeReal>(
    tile: &mut Tile<T>,
    along: Along,
    coefficients: &[f64],
    layout: Layout,
) {
    let vectors = coefficients.len() / tile.rows.max(1);
    tile.sum.clear();
    tile.sum.resize(tile.length, T::default());
    let Tile {
        models,
        sum,
        rows,
        start,
        ..
    } = tile;
    for (row, of_model) in models[..*rows]
        .iter()
        .zip(coefficients.chunks(vectors.max(1)))
    {
        match along {
            Along::Tensor => vector::add_scaled(sum, T::from_f64(of_model[0]), row),
            Along::Rows => {
                let of_tile = &of_model[*start / layout.row..];
                let parts = sum.chunks_mut(layout.row).zip(row.chunks(layout.row));
                for ((sum, x), factor) in parts.zip(of_tile) {
                    vector::add_scaled(sum, T::from_f64(*factor), x);
                }
            }
            Along::Columns => {
                let mut at = 0;
                while at < sum.len() {
                    let column = (*start + at) % layout.columns;
                    let length = (layout.columns - column).min(sum.len() - at);
                    let factors = &of_model[column..][..length];
                    vector::add_products(&mut sum[at..][..length], factors, &row[at..][..length]);
                    at += length;
                }
            }
        }
    }
    tile.replace_by_sum();
}
