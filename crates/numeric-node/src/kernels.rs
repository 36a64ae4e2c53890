//! The tensor kernels. Synchronous: the engine calls them from a worker thread of its own, on arrays that it owns meanwhile.

use eigenloom_numeric::kernels::{
    adam,
    attention::Attention,
    copy, cross_entropy, elementwise,
    frozen::{Format, Frozen},
    gemm::{self, After, Precision},
    indexing, norm, reduction, rotary, softmax, transpose,
};
use napi::bindgen_prelude::{Float32ArraySlice, Uint8ArraySlice};
use napi_derive::napi;

use crate::call;

mod batch_norm;
mod convolution;
mod fourier;

/// Work below this many elements stays on the calling thread: waking another takes longer.
const INLINE: usize = 1 << 14;

fn run<R: Send>(cost: usize, work: impl FnOnce() -> R + Send) -> napi::Result<R> {
    if cost <= INLINE {
        return Ok(work());
    }
    call::with_pool(work).map_err(|error| napi::Error::from_reason(error.to_string()))
}

fn given(values: &[f32]) -> Option<&[f32]> {
    (!values.is_empty()).then_some(values)
}

fn after<'a>(bias: &'a [f32], addend: &'a [f32], slope_at: &'a [f32]) -> After<'a> {
    After {
        bias: given(bias),
        addend: given(addend),
        slope_at: given(slope_at),
    }
}

fn precision(bf16: bool) -> Precision {
    if bf16 {
        Precision::Bf16
    } else {
        Precision::F32
    }
}

/// c[i] = (op(a[i]) op(b[i]) + bias + addend[i]) ∘ gelu'(slope_at[i]), empty ones left out. `dims` is [batches, m, n, k, batches of a, batches of b]; an operand of one matrix is shared.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_matmul(
    a: &[f32],
    b: &[f32],
    bias: &[f32],
    addend: &[f32],
    slope_at: &[f32],
    transpose_a: bool,
    transpose_b: bool,
    dims: &[u32],
    bf16: bool,
    mut c: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let c = unsafe { c.as_mut() };
    let [batches, m, n, k, of_a, of_b] = *dims else {
        return Err(arguments());
    };
    let [batches, m, n, k, of_a, of_b] = [batches, m, n, k, of_a, of_b].map(|d| d as usize);
    let (rows, columns) = if transpose_a { (k, m) } else { (m, k) };
    let at = gemm::Layout::dense(rows, columns, transpose_a, of_a);
    let (rows, columns) = if transpose_b { (n, k) } else { (k, n) };
    let bt = gemm::Layout::dense(rows, columns, transpose_b, of_b);
    let after = after(bias, addend, slope_at);
    let precision = precision(bf16);
    run(batches * m * n * k, || {
        gemm::batched(batches, (m, n, k), (a, at), (b, bt), after, precision, c)
    })
}

/// 1 is bfloat16, 2 NF4.
fn format(code: u32) -> napi::Result<Format> {
    match code {
        1 => Ok(Format::Bf16),
        2 => Ok(Format::Nf4),
        _ => Err(arguments()),
    }
}

/// c = (a op(b) + bias + addend) ∘ gelu'(slope_at) with b frozen, empty ones left out. `dims` is [m, n, k].
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_matmul_frozen(
    a: &[f32],
    b: &[u8],
    code: u32,
    bias: &[f32],
    addend: &[f32],
    slope_at: &[f32],
    transpose_b: bool,
    dims: &[u32],
    bf16: bool,
    mut c: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let c = unsafe { c.as_mut() };
    let [m, n, k] = *dims else {
        return Err(arguments());
    };
    let sizes @ (m, n, k) = (m as usize, n as usize, k as usize);
    let b = (Frozen::new(format(code)?, b, k * n), transpose_b);
    let after = after(bias, addend, slope_at);
    run(m * n * k, || {
        gemm::times_frozen(sizes, a, b, after, precision(bf16), c)
    })
}

#[napi(catch_unwind)]
pub fn kernel_freeze(
    values: &[f32],
    code: u32,
    mut bytes: Uint8ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let bytes = unsafe { bytes.as_mut() };
    let format = format(code)?;
    run(values.len(), || format.freeze(values, bytes))
}

/// All numbers.
#[napi(catch_unwind)]
pub fn kernel_expand(bytes: &[u8], code: u32, mut out: Float32ArraySlice<'_>) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let numbers = Frozen::new(format(code)?, bytes, out.len());
    run(out.len(), || numbers.expand_all(out))
}

/// Some rows of a matrix; `dims` is [rows, width].
#[napi(catch_unwind)]
pub fn kernel_expand_rows(
    bytes: &[u8],
    code: u32,
    dims: &[u32],
    indices: &[i32],
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let [rows, width] = *dims else {
        return Err(arguments());
    };
    let (rows, width) = (rows as usize, width as usize);
    let numbers = Frozen::new(format(code)?, bytes, rows * width);
    run(out.len(), || numbers.rows(width, indices, out))
}

#[napi(catch_unwind)]
pub fn kernel_unary(code: u32, x: &[f32], mut out: Float32ArraySlice<'_>) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    use elementwise::Unary::*;
    const CODES: [elementwise::Unary; 14] = [
        Neg, Exp, Log, Sqrt, Rsqrt, Square, Abs, Tanh, Sigmoid, Relu, Erf, Reciprocal, Gelu, Silu,
    ];
    let function = *CODES.get(code as usize).ok_or_else(arguments)?;
    run(x.len(), || elementwise::unary(function, x, out))
}

#[napi(catch_unwind)]
pub fn kernel_binary(
    code: u32,
    a: &[f32],
    a_shape: &[u32],
    b: &[f32],
    b_shape: &[u32],
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    use elementwise::Binary::*;
    const CODES: [elementwise::Binary; 10] = [
        Add,
        Sub,
        Mul,
        Div,
        Maximum,
        Minimum,
        SquaredDifference,
        GeluGradient,
        SiluGradient,
        SwiGlu,
    ];
    let function = *CODES.get(code as usize).ok_or_else(arguments)?;
    run(out.len(), || {
        elementwise::binary(function, (a, a_shape), (b, b_shape), out)
    })
}

#[napi(catch_unwind)]
pub fn kernel_swiglu_gradient(
    gate: &[f32],
    up: &[f32],
    dy: &[f32],
    mut dgate: Float32ArraySlice<'_>,
    mut dup: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dgate = unsafe { dgate.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dup = unsafe { dup.as_mut() };
    run(gate.len(), || {
        elementwise::swiglu_gradient(gate, up, dy, (dgate, dup))
    })
}

/// Layer norm with a `beta`, root-mean-square norm with an empty one.
#[napi(catch_unwind)]
pub fn kernel_norm(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    epsilon: f64,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let beta = (!beta.is_empty()).then_some(beta);
    run(x.len(), || {
        norm::forward(x, gamma, beta, epsilon as f32, out)
    })
}

/// Added to `before` unless it is empty.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_norm_input_gradient(
    x: &[f32],
    gamma: &[f32],
    dy: &[f32],
    before: &[f32],
    epsilon: f64,
    centred: bool,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(x.len(), || {
        let form = (epsilon as f32, centred);
        norm::input_gradient(x, gamma, dy, given(before), form, out)
    })
}

#[napi(catch_unwind)]
pub fn kernel_norm_parameter_gradients(
    x: &[f32],
    dy: &[f32],
    epsilon: f64,
    mut dgamma: Float32ArraySlice<'_>,
    mut dbeta: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dgamma = unsafe { dgamma.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dbeta = unsafe { dbeta.as_mut() };
    run(x.len(), || {
        norm::parameter_gradients(x, dy, epsilon as f32, dgamma, dbeta)
    })
}

#[napi(catch_unwind)]
pub fn kernel_softmax(
    x: &[f32],
    width: u32,
    logarithm: bool,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(x.len(), || {
        softmax::softmax(x, width as usize, logarithm, out)
    })
}

#[napi(catch_unwind)]
pub fn kernel_cross_entropy(
    logits: &[f32],
    labels: &[i32],
    classes: u32,
    mut losses: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let losses = unsafe { losses.as_mut() };
    run(logits.len(), || {
        cross_entropy::forward(logits, labels, classes as usize, losses)
    })
}

#[napi(catch_unwind)]
pub fn kernel_cross_entropy_gradient(
    logits: &[f32],
    labels: &[i32],
    dy: &[f32],
    classes: u32,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(logits.len(), || {
        cross_entropy::gradient(logits, labels, dy, classes as usize, out)
    })
}

/// Reduces the middle of (outer, length, inner); `code` is 0 sum, 1 mean, 2 max.
#[napi(catch_unwind)]
pub fn kernel_reduce(
    code: u32,
    x: &[f32],
    outer: u32,
    length: u32,
    inner: u32,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    use reduction::Reduction::{Max, Mean, Sum};
    let kind = *[Sum, Mean, Max].get(code as usize).ok_or_else(arguments)?;
    run(x.len(), || {
        reduction::reduce(
            kind,
            x,
            (outer as usize, length as usize, inner as usize),
            out,
        )
    })
}

#[napi(catch_unwind)]
pub fn kernel_sum_of_squares(x: &[f32]) -> napi::Result<f64> {
    run(x.len(), || reduction::sum_of_squares(x))
}

#[napi(catch_unwind)]
pub fn kernel_transpose(
    x: &[f32],
    shape: &[u32],
    permutation: &[u32],
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(x.len(), || transpose::transpose(x, shape, permutation, out))
}

fn place(numbers: &[u32]) -> napi::Result<copy::Place<'_>> {
    let (&offset, strides) = numbers.split_first().ok_or_else(arguments)?;
    Ok(copy::Place {
        offset: offset as usize,
        strides,
    })
}

/// A box of `sizes` of x → `out`; `from` and `to` are the index of its first element, and the elements between neighbours of each axis.
#[napi(catch_unwind)]
pub fn kernel_copy(
    x: &[f32],
    sizes: &[u32],
    from: &[u32],
    to: &[u32],
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let (from, to) = (place(from)?, place(to)?);
    let count = sizes.iter().map(|&size| size as usize).product();
    run(count, || copy::copy(x, from, sizes, out, to))
}

/// Turns x (batch, length, heads, width) by the angles of its positions, whose cosines and sines are (length, width / 2), or back.
#[napi(catch_unwind)]
pub fn kernel_rotary(
    x: &[f32],
    cos: &[f32],
    sin: &[f32],
    heads: u32,
    width: u32,
    inverse: bool,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let (heads, width) = (heads as usize, width as usize);
    let angles = rotary::Angles { cos, sin };
    run(x.len(), || {
        rotary::rotate(x, angles, heads, width, inverse, out)
    })
}

#[napi(catch_unwind)]
pub fn kernel_gather(
    x: &[f32],
    outer: u32,
    size: u32,
    width: u32,
    indices: &[i32],
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let sizes = (outer as usize, size as usize, width as usize);
    run(out.len(), || indexing::gather(x, sizes, indices, out))?
        .map_err(|e| napi::Error::from_reason(e.to_string()))
}

#[napi(catch_unwind)]
pub fn kernel_segment_sum(
    x: &[f32],
    ids: &[i32],
    width: u32,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(x.len(), || {
        indexing::segment_sum(x, ids, width as usize, out)
    })
}

/// out[ids[i]] = x[i] for rows of `width`; the other rows of `out` stay as they are.
#[napi(catch_unwind)]
pub fn kernel_scatter(
    x: &[f32],
    ids: &[i32],
    width: u32,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    run(0, || indexing::scatter(x, ids, width as usize, out))?
        .map_err(|e| napi::Error::from_reason(e.to_string()))
}

/// `step` is [β₁, β₂, 1 − β₁, 1 − β₂, ε, rate, correction, kept, scale] as `adam::Step` names them.
#[napi(catch_unwind)]
pub fn kernel_adam(
    mut parameter: Float32ArraySlice<'_>,
    mut m: Float32ArraySlice<'_>,
    mut v: Float32ArraySlice<'_>,
    gradient: &[f32],
    step: &[f64],
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let parameter = unsafe { parameter.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let m = unsafe { m.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let v = unsafe { v.as_mut() };
    let [beta1, beta2, c1, c2, epsilon, rate, correction, kept, scale] = *step else {
        return Err(arguments());
    };
    let [beta1, beta2, c1, c2, epsilon, rate, correction, kept, scale] =
        [beta1, beta2, c1, c2, epsilon, rate, correction, kept, scale].map(|x| x as f32);
    let step = adam::Step {
        beta1,
        beta2,
        complements: (c1, c2),
        epsilon,
        rate,
        correction,
        kept,
        scale,
    };
    run(parameter.len(), || {
        adam::update(step, parameter, m, v, gradient)
    })
}

/// `dims` is [batch, queries, keys, heads, kv heads, width].
fn attention(
    dims: &[u32],
    scale: f64,
    causal: bool,
    bf16: bool,
) -> napi::Result<(Attention, usize)> {
    let [batch, queries, keys, heads, kv_heads, width] = *dims else {
        return Err(arguments());
    };
    let [batch, queries, keys, heads, kv_heads, width] =
        [batch, queries, keys, heads, kv_heads, width].map(|d| d as usize);
    let shape = Attention {
        batch,
        queries,
        keys,
        heads,
        kv_heads,
        width,
        scale: scale as f32,
        causal,
        precision: precision(bf16),
    };
    Ok((shape, batch * heads * queries * keys * width))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_attention(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: &[f32],
    dims: &[u32],
    scale: f64,
    causal: bool,
    bf16: bool,
    mut out: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let out = unsafe { out.as_mut() };
    let (shape, cost) = attention(dims, scale, causal, bf16)?;
    let mask = given(mask);
    run(cost, || shape.forward(q, k, v, mask, out))
}

#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments)]
pub fn kernel_attention_gradient(
    q: &[f32],
    k: &[f32],
    v: &[f32],
    mask: &[f32],
    dy: &[f32],
    dims: &[u32],
    scale: f64,
    causal: bool,
    bf16: bool,
    mut dq: Float32ArraySlice<'_>,
    mut dk: Float32ArraySlice<'_>,
    mut dv: Float32ArraySlice<'_>,
) -> napi::Result<()> {
    // SAFETY: the engine hands each output array to one call at a time.
    let dq = unsafe { dq.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dk = unsafe { dk.as_mut() };
    // SAFETY: the engine hands each output array to one call at a time.
    let dv = unsafe { dv.as_mut() };
    let (shape, cost) = attention(dims, scale, causal, bf16)?;
    let mask = given(mask);
    run(cost, || shape.backward(q, k, v, mask, dy, (dq, dk, dv)))
}

fn arguments() -> napi::Error {
    napi::Error::from_reason("a kernel was called with wrong arguments")
}
