use std::sync::Arc;

use eigenloom_numeric::projection::Fastfood;
use napi::Env;
use napi::bindgen_prelude::{BigInt, Float32Array, PromiseRaw};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, start};

/// A projection that has been drawn; used by any number of calls at once.
#[napi]
pub struct NativeFastfood {
    projection: Arc<Fastfood>,
}

#[napi]
pub fn draw_fastfood<'env>(
    env: &'env Env,
    task: &NativeTask,
    seed: BigInt,
    columns: u32,
    rows: u32,
) -> napi::Result<PromiseRaw<'env, NativeFastfood>> {
    let seed = seed.get_u64().1;
    start(
        env,
        task,
        Lane::Compute,
        move |task| Fastfood::draw(seed, columns as usize, rows as usize, task),
        |_env, projection| {
            Ok(NativeFastfood {
                projection: Arc::new(projection),
            })
        },
    )
}

#[napi]
impl NativeFastfood {
    #[napi]
    pub fn project<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        x: Float32Array,
    ) -> napi::Result<PromiseRaw<'env, Float32Array>> {
        let projection = Arc::clone(&self.projection);
        start(
            env,
            task,
            Lane::Compute,
            move |task| projection.project(&x, task),
            |_env, values| Ok(Float32Array::new(values)),
        )
    }

    #[napi]
    pub fn transpose<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        y: Float32Array,
    ) -> napi::Result<PromiseRaw<'env, Float32Array>> {
        let projection = Arc::clone(&self.projection);
        start(
            env,
            task,
            Lane::Compute,
            move |task| projection.transpose(&y, task),
            |_env, values| Ok(Float32Array::new(values)),
        )
    }
}
