use eigenloom_numeric::checkpoint::fold::{FoldReal, LowRankPair, fold};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, PromiseRaw};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, start};

#[napi(object)]
pub struct NativeFoldShape {
    pub rows: u32,
    pub columns: u32,
    pub rank: u32,
}

fn folded<T: FoldReal>(
    weight: &[T],
    (a, b): (&[T], &[T]),
    shape: &NativeFoldShape,
    scale: T,
    task: &eigenloom_numeric::Task,
) -> eigenloom_numeric::Result<Vec<T>> {
    let pair = LowRankPair {
        a: a.to_vec(),
        b: b.to_vec(),
        rank: shape.rank as usize,
        scale,
    };
    let mut sum = weight.to_vec();
    fold(
        &mut sum,
        shape.rows as usize,
        shape.columns as usize,
        &pair,
        task,
    )?;
    Ok(sum)
}

#[napi]
pub fn fold_f32<'env>(
    env: &'env Env,
    task: &NativeTask,
    weight: Float32Array,
    a: Float32Array,
    b: Float32Array,
    shape: NativeFoldShape,
    scale: f64,
) -> napi::Result<PromiseRaw<'env, Float32Array>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| folded(&weight, (&a, &b), &shape, scale as f32, task),
        |_env, values| Ok(Float32Array::new(values)),
    )
}

#[napi]
pub fn fold_f64<'env>(
    env: &'env Env,
    task: &NativeTask,
    weight: Float64Array,
    a: Float64Array,
    b: Float64Array,
    shape: NativeFoldShape,
    scale: f64,
) -> napi::Result<PromiseRaw<'env, Float64Array>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| folded(&weight, (&a, &b), &shape, scale, task),
        |_env, values| Ok(Float64Array::new(values)),
    )
}
