//! Batch normalisation.

use eigenloom_numeric::kernels::batch_norm::{self, Statistics};
use napi::bindgen_prelude::Float32ArraySlice;
use napi_derive::napi;

use super::run;

/// Mean and variance of each channel of x (rows, channels).
#[napi(catch_unwind)]
pub fn kernel_batch_moments(
    x: &[f32],
    mut mean: Float32ArraySlice<'_>,
    mut variance: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let mean = unsafe { mean.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let variance = unsafe { variance.as_mut() };
    run(x.len(), || batch_norm::moments(x, mean, variance))
}

#[napi(catch_unwind)]
pub fn kernel_batch_norm(
    x: &[f32],
    mean: &[f32],
    variance: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f64,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let statistics = Statistics { mean, variance };
    run(x.len(), || {
        batch_norm::normalise(x, statistics, gamma, beta, epsilon as f32, out)
    })
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_batch_norm_gradients(
    x: &[f32],
    mean: &[f32],
    variance: &[f32],
    gamma: &[f32],
    dy: &[f32],
    epsilon: f64,
    mut dx: Float32ArraySlice<'_>,
    mut dgamma: Float32ArraySlice<'_>,
    mut dbeta: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dx = unsafe { dx.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dgamma = unsafe { dgamma.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dbeta = unsafe { dbeta.as_mut() };
    let statistics = Statistics { mean, variance };
    run(x.len(), || {
        let out = [dgamma, dbeta, dx];
        batch_norm::gradients(x, statistics, gamma, dy, epsilon as f32, out)
    })
}
