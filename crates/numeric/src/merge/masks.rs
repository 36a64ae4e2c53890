//! Masks: which elements of what was merged each model needs.

use serde::Deserialize;

use super::chunk::{CHUNK, TILE};
use super::find::find_facts;
use super::pass::Pass;
use super::plan::TensorMerge;
use super::pool::Pool;
use super::source::Folding;
use crate::{Error, Reason, Result, Task};

/// When a model needs an element: x is the model's, m the merged one.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Needs {
    /// x·m > 0.
    SameSign,
    /// |x| > lambda·|m − x|.
    Nearer {
        /// lambda.
        lambda: f64,
    },
}

/// Masks of one tensor.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Masks {
    /// For each model a bit an element, the first in the highest bit of a byte.
    pub bits: Vec<Vec<u8>>,
    /// For each model Σ|x|.
    pub own: Vec<f64>,
    /// For each model Σ|m| over the elements that it needs.
    pub masked: Vec<f64>,
}

/// The masks of a tensor. x are the models before the step at position `before`, m is what the steps make of them.
pub fn find_masks(merge: &TensorMerge, before: usize, needs: Needs, task: &Task) -> Result<Masks> {
    if before > merge.steps.len() {
        return Err(Error::new(Reason::OutOfRange, format!("no step {before}")));
    }
    match merge.is_wide()? {
        true => find::<f64>(merge, before, needs, task),
        false => find::<f32>(merge, before, needs, task),
    }
}

/// Of one chunk.
struct Part<T> {
    rows: Vec<Vec<T>>,
    masks: Masks,
}

fn find<T: Folding>(
    merge: &TensorMerge,
    before: usize,
    needs: Needs,
    task: &Task,
) -> Result<Masks> {
    let models = merge.models.len();
    let empty = || Masks {
        bits: vec![Vec::new(); models],
        own: vec![0.0; models],
        masked: vec![0.0; models],
    };
    let pool = Pool::default();
    let facts = find_facts::<T>(merge, &pool, task)?;
    let pass = Pass::new(merge, &facts, &pool, task);
    let mut all = empty();
    let end = merge.steps.len();
    pass.reduce(
        &[before, end],
        models * (CHUNK.div_ceil(8) + TILE * size_of::<T>()),
        || Part::<T> {
            rows: Vec::new(),
            masks: empty(),
        },
        |part, stop, tile| {
            if stop == before {
                part.rows = tile.active().to_vec();
            } else {
                add_tile(&mut part.masks, &part.rows, &tile.models[0], needs);
            }
        },
        |part| {
            for model in 0..models {
                all.bits[model].extend_from_slice(&part.masks.bits[model]);
                all.own[model] += part.masks.own[model];
                all.masked[model] += part.masks.masked[model];
            }
        },
    )?;
    Ok(all)
}

/// Tiles but the last have a multiple of eight elements.
fn add_tile<T: Folding>(masks: &mut Masks, rows: &[Vec<T>], merged: &[T], needs: Needs) {
    for (model, row) in rows.iter().enumerate() {
        let (mut own, mut masked) = (0.0, 0.0);
        for (xs, ms) in row.chunks(8).zip(merged.chunks(8)) {
            let mut byte = 0u8;
            for (at, (x, m)) in xs.iter().zip(ms).enumerate() {
                let (x, m) = (x.to_f64(), m.to_f64());
                let needed = match needs {
                    Needs::SameSign => (x > 0.0 && m > 0.0) || (x < 0.0 && m < 0.0),
                    Needs::Nearer { lambda } => x.abs() > lambda * (m - x).abs(),
                };
                own += x.abs();
                if needed {
                    masked += m.abs();
                    byte |= 0x80 >> at;
                }
            }
            masks.bits[model].push(byte);
        }
        masks.own[model] += own;
        masks.masked[model] += masked;
    }
}
