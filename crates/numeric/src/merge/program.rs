//! The steps that methods are made of. A method is a short list of them for each tensor; adding a method adds steps, never flags.

use serde::Deserialize;

use super::chunk::Chunk;
use crate::checkpoint::fold::FoldReal;
use crate::{Error, Reason, Result};

/// What a weighted sum is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divisor {
    /// Nothing.
    One,
    /// The sum of all weights.
    Weights,
    /// At each element, the sum of the weights of the models that are not zero there.
    PresentWeights,
}

/// One step. Before `Sum` a chunk holds one row for each model, after it one row in all.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// x ← x − base.
    Delta,
    /// Sets all but the largest magnitudes of each model to zero; among equal ones the earlier stay.
    KeepLargest {
        /// Elements of the whole tensor that each model keeps.
        counts: Vec<u64>,
    },
    /// x ← weight · x.
    Weigh {
        /// One for each model.
        weights: Vec<f64>,
    },
    /// Sets to zero what differs in sign from the sum over the models; a sum of zero counts as positive.
    ElectSign,
    /// Adds the models in order.
    Sum {
        /// What the sum is divided by.
        divisor: Divisor,
        /// One for each model; used by the divisor alone.
        weights: Vec<f64>,
    },
    /// x ← factor · x.
    Scale {
        /// The factor.
        factor: f64,
    },
    /// x ← x + base.
    AddBase,
}

/// Arithmetic of merging.
pub trait MergeReal:
    FoldReal
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Div<Output = Self>
{
    /// Bits of the magnitude: their order is that of the magnitudes.
    const MAGNITUDE_BITS: u32;
    /// One rounding.
    fn from_f64(value: f64) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// The magnitude as an unsigned number.
    fn magnitude(self) -> u64;
}

impl MergeReal for f32 {
    const MAGNITUDE_BITS: u32 = 31;

    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn magnitude(self) -> u64 {
        u64::from(self.to_bits() & 0x7fff_ffff)
    }
}

impl MergeReal for f64 {
    const MAGNITUDE_BITS: u32 = 63;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn magnitude(self) -> u64 {
        self.to_bits() & (u64::MAX >> 1)
    }
}

/// Sums of weights smaller than this count as one, as in mergekit.
const SMALLEST_DIVISOR: f64 = 1e-8;

impl Step {
    /// Whether the step needs the base.
    pub fn needs_base(&self) -> bool {
        matches!(self, Step::Delta | Step::AddBase)
    }

    /// Checks the step against the number of models.
    pub fn check(&self, models: usize) -> Result<()> {
        let given = match self {
            Step::KeepLargest { counts } => counts.len(),
            Step::Weigh { weights } | Step::Sum { weights, .. } => weights.len(),
            _ => models,
        };
        if given == models {
            return Ok(());
        }
        Err(Error::new(
            Reason::ShapeMismatch,
            format!("a step for {given} models, {models} are merged"),
        ))
    }

    /// Applies an element-wise step. `KeepLargest` is applied by its own module, which knows the whole tensor.
    pub fn apply<T: MergeReal>(&self, chunk: &mut Chunk<T>) {
        match self {
            Step::Delta => {
                for row in &mut chunk.models {
                    zip(row, &chunk.base, |x, b| x - b);
                }
            }
            Step::KeepLargest { .. } => {}
            Step::Weigh { weights } => {
                for (row, weight) in chunk.models.iter_mut().zip(weights) {
                    let weight = T::from_f64(*weight);
                    row.iter_mut().for_each(|x| *x = weight * *x);
                }
            }
            Step::ElectSign => elect_sign(chunk),
            Step::Sum { divisor, weights } => sum(chunk, *divisor, weights),
            Step::Scale { factor } => {
                let factor = T::from_f64(*factor);
                for row in &mut chunk.models {
                    row.iter_mut().for_each(|x| *x = factor * *x);
                }
            }
            Step::AddBase => {
                for row in &mut chunk.models {
                    zip(row, &chunk.base, |x, b| x + b);
                }
            }
        }
    }
}

fn zip<T: Copy>(row: &mut [T], other: &[T], combine: impl Fn(T, T) -> T) {
    for (x, y) in row.iter_mut().zip(other) {
        *x = combine(*x, *y);
    }
}

/// The sum over the models in order, into `chunk.sum`.
fn add_up<T: MergeReal>(chunk: &mut Chunk<T>) {
    chunk.sum.clear();
    chunk.sum.resize(chunk.length, T::default());
    for row in &chunk.models {
        for (total, x) in chunk.sum.iter_mut().zip(row) {
            *total += *x;
        }
    }
}

fn elect_sign<T: MergeReal>(chunk: &mut Chunk<T>) {
    add_up(chunk);
    let zero = T::default();
    for row in &mut chunk.models {
        for (x, total) in row.iter_mut().zip(&chunk.sum) {
            let agrees = if *total >= zero { *x > zero } else { *x < zero };
            if !agrees {
                *x = zero;
            }
        }
    }
}

fn divisor_or_one(divisor: f64) -> f64 {
    if divisor.abs() < SMALLEST_DIVISOR {
        1.0
    } else {
        divisor
    }
}

fn sum<T: MergeReal>(chunk: &mut Chunk<T>, divisor: Divisor, weights: &[f64]) {
    add_up(chunk);
    match divisor {
        Divisor::One => {}
        Divisor::Weights => {
            let total = T::from_f64(divisor_or_one(weights.iter().sum()));
            chunk.sum.iter_mut().for_each(|x| *x = *x / total);
        }
        Divisor::PresentWeights => {
            for index in 0..chunk.length {
                let present = chunk.models.iter().zip(weights);
                let total = present.fold(0.0, |total, (row, weight)| {
                    if row[index] == T::default() {
                        total
                    } else {
                        total + weight
                    }
                });
                chunk.sum[index] = chunk.sum[index] / T::from_f64(divisor_or_one(total));
            }
        }
    }
    std::mem::swap(&mut chunk.models[0], &mut chunk.sum);
    chunk.models.truncate(1);
}
