//! Convolutions and pools.

use eigenloom_numeric::kernels::convolution::{Convolution, Precision};
use eigenloom_numeric::kernels::pooling::{self, Pooling};
use eigenloom_numeric::kernels::window::Window;
use napi::bindgen_prelude::Float32ArraySlice;
use napi_derive::napi;

use super::{arguments, run};

/// `dims` begins with batch and then, each for rows and columns: image, grid, kernel, stride, dilation, pad.
fn window(dims: &[u32]) -> napi::Result<(Window, &[u32])> {
    let (numbers, rest) = dims.split_first_chunk::<13>().ok_or_else(arguments)?;
    let number = |index: usize| numbers[index] as usize;
    let pair = |index: usize| [number(index), number(index + 1)];
    let window = Window {
        batch: number(0),
        image: pair(1),
        grid: pair(3),
        kernel: pair(5),
        stride: pair(7),
        dilation: pair(9),
        pad: pair(11),
    };
    Ok((window, rest))
}

/// `dims` is that of `window`, and then inputs, outputs, groups.
fn convolution(dims: &[u32]) -> napi::Result<Convolution> {
    let (window, rest) = window(dims)?;
    let [inputs, outputs, groups] = *rest else {
        return Err(arguments());
    };
    let [inputs, outputs, groups] = [inputs, outputs, groups].map(|d| d as usize);
    if groups == 0 {
        return Err(arguments());
    }
    Ok(Convolution {
        window,
        inputs,
        outputs,
        groups,
    })
}

fn precision(bf16: bool) -> Precision {
    if bf16 {
        Precision::Bf16
    } else {
        Precision::F32
    }
}

#[napi(catch_unwind)]
pub fn kernel_convolution(
    x: &[f32],
    filter: &[f32],
    dims: &[u32],
    bf16: bool,
    mut y: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let y = unsafe { y.as_mut() };
    let shape = convolution(dims)?;
    run(shape.cost(), || {
        shape.forward(x, filter, precision(bf16), y)
    })
}

#[napi(catch_unwind)]
pub fn kernel_convolution_input_gradient(
    dy: &[f32],
    filter: &[f32],
    dims: &[u32],
    bf16: bool,
    mut dx: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dx = unsafe { dx.as_mut() };
    let shape = convolution(dims)?;
    run(shape.cost(), || {
        shape.input_gradient(dy, filter, precision(bf16), dx)
    })
}

#[napi(catch_unwind)]
pub fn kernel_convolution_filter_gradient(
    x: &[f32],
    dy: &[f32],
    dims: &[u32],
    bf16: bool,
    mut filter: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let filter = unsafe { filter.as_mut() };
    let shape = convolution(dims)?;
    run(shape.cost(), || {
        shape.filter_gradient(x, dy, precision(bf16), filter)
    })
}

/// `dims` is that of `window`, and then channels.
fn pool(dims: &[u32]) -> napi::Result<(Window, usize)> {
    let (window, rest) = window(dims)?;
    let [channels] = *rest else {
        return Err(arguments());
    };
    Ok((window, channels as usize))
}

#[napi(catch_unwind)]
pub fn kernel_pool(
    mean: bool,
    x: &[f32],
    dims: &[u32],
    mut y: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let y = unsafe { y.as_mut() };
    let (window, channels) = pool(dims)?;
    let kind = if mean { Pooling::Mean } else { Pooling::Max };
    run(x.len(), || pooling::forward(kind, &window, channels, x, y))
}

#[napi(catch_unwind)]
pub fn kernel_max_pool_gradient(
    x: &[f32],
    y: &[f32],
    dy: &[f32],
    dims: &[u32],
    mut dx: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dx = unsafe { dx.as_mut() };
    let (window, channels) = pool(dims)?;
    run(x.len(), || {
        pooling::max_gradient(&window, channels, x, y, dy, dx)
    })
}

#[napi(catch_unwind)]
pub fn kernel_mean_pool_gradient(
    dy: &[f32],
    dims: &[u32],
    mut dx: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dx = unsafe { dx.as_mut() };
    let (window, channels) = pool(dims)?;
    run(dx.len(), || {
        pooling::mean_gradient(&window, channels, dy, dx)
    })
}
