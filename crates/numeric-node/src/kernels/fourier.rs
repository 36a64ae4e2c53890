//! Discrete Fourier transforms of rows.

use eigenloom_numeric::kernels::fourier;
use napi::bindgen_prelude::Float32ArraySlice;
use napi_derive::napi;

use super::{arguments, run};

#[napi(catch_unwind)]
pub fn kernel_fourier(
    real: &[f32],
    imaginary: &[f32],
    length: u32,
    inverse: bool,
    scale: f64,
    mut out_real: Float32ArraySlice<'_>,
    mut out_imaginary: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out_real = unsafe { out_real.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let out_imaginary = unsafe { out_imaginary.as_mut() };
    let out = (out_real, out_imaginary);
    run(cost(real.len(), length)?, || {
        fourier::complex(
            (real, imaginary),
            length as usize,
            inverse,
            scale as f32,
            out,
        )
    })
}

#[napi(catch_unwind)]
pub fn kernel_real_fourier(
    x: &[f32],
    length: u32,
    scale: f64,
    inner: f64,
    mut out_real: Float32ArraySlice<'_>,
    mut out_imaginary: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out_real = unsafe { out_real.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let out_imaginary = unsafe { out_imaginary.as_mut() };
    let out = (out_real, out_imaginary);
    run(cost(x.len(), length)?, || {
        fourier::real(x, length as usize, scale as f32, inner as f32, out)
    })
}

#[napi(catch_unwind)]
pub fn kernel_inverse_real_fourier(
    real: &[f32],
    imaginary: &[f32],
    length: u32,
    scale: f64,
    inner: f64,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let x = (real, imaginary);
    run(cost(out.len(), length)?, || {
        fourier::inverse_real(x, length as usize, scale as f32, inner as f32, out)
    })
}

/// About the operations of transforms of `length`.
fn cost(elements: usize, length: u32) -> napi::Result<usize> {
    let steps = length.checked_ilog2().ok_or_else(arguments)?;
    Ok(elements * (steps as usize + 1))
}
