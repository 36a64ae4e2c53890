//! Coefficients of a combination, from the dot products of the models.

use super::super::combine::{self, Gram, pairs};
use super::super::pass::Pass;
use super::super::program::{Along, Rule};
use super::super::source::Folding;
use super::super::vector;
use super::totals::add_to;
use crate::Result;

pub fn coefficients<T: Folding>(
    pass: &Pass<'_, T>,
    position: usize,
    rule: &Rule,
    along: Along,
) -> Result<Vec<f64>> {
    let layout = pass.layout();
    let models = pass.merge.models.len();
    let pair_count = pairs(models).count();
    let vectors = match along {
        Along::Tensor => 1,
        Along::Rows => layout.elements / layout.row,
        Along::Columns => layout.columns,
    };
    // By vector for rows, else by pair: what a chunk adds is then one run of numbers.
    let mut products = vec![0.0; pair_count * vectors];
    let mut next = 0;
    pass.reduce(
        &[position],
        match along {
            Along::Rows => size_of::<f64>() * pair_count * layout.rows_of_chunk(),
            _ => size_of::<f64>() * pair_count * vectors,
        },
        || match along {
            Along::Rows => Vec::new(),
            _ => vec![0.0; pair_count * vectors],
        },
        |sums: &mut Vec<f64>, _, tile| match along {
            Along::Tensor => add_to(
                sums,
                pairs(models).map(|(i, j)| vector::dot(&tile.models[i], &tile.models[j])),
            ),
            Along::Rows => {
                for at in (0..tile.length).step_by(layout.row) {
                    let row = |model: usize| &tile.models[model][at..][..layout.row];
                    sums.extend(pairs(models).map(|(i, j)| vector::dot(row(i), row(j))));
                }
            }
            Along::Columns => {
                for ((i, j), sums) in pairs(models).zip(sums.chunks_mut(vectors)) {
                    add_column_products(sums, tile.start, &tile.models[i], &tile.models[j]);
                }
            }
        },
        |sums| match along {
            Along::Rows => {
                products[next..][..sums.len()].copy_from_slice(&sums);
                next += sums.len();
            }
            _ => add_to(&mut products, sums),
        },
    )?;
    let mut result = vec![0.0; models * vectors];
    for vector in 0..vectors {
        let of_vector = match along {
            Along::Rows => products[vector * pair_count..][..pair_count].to_vec(),
            _ => products
                .iter()
                .skip(vector)
                .step_by(vectors)
                .copied()
                .collect(),
        };
        let found = combine::coefficients(rule, &Gram::new(models, of_vector))?;
        for (model, coefficient) in found.into_iter().enumerate() {
            result[model * vectors + vector] = coefficient;
        }
    }
    Ok(result)
}

/// sums[column] += x·y, for elements from position `start` of a tensor with `sums.len()` columns.
fn add_column_products<T: Folding>(sums: &mut [f64], start: usize, x: &[T], y: &[T]) {
    let columns = sums.len();
    let mut at = 0;
    while at < x.len() {
        let column = (start + at) % columns;
        let length = (columns - column).min(x.len() - at);
        let parts = x[at..][..length].iter().zip(&y[at..][..length]);
        for (sum, (x, y)) in sums[column..][..length].iter_mut().zip(parts) {
            *sum += x.to_f64() * y.to_f64();
        }
        at += length;
    }
}
