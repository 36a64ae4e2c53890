use eigenloom_numeric::linalg::randomized_svd::{self, Options};
use eigenloom_numeric::linalg::svd::{self, Vectors};
use eigenloom_numeric::linalg::{Precision, View};
use napi::Env;
use napi::bindgen_prelude::{BigInt, PromiseRaw};
use napi_derive::napi;

use super::array::{Element, Elements, NativeMatrix, RealArray, each_precision};
use crate::call::{Lane, NativeTask, start};
use crate::random::NativePrecision;

#[napi(string_enum = "lowercase")]
pub enum NativeVectors {
    Thin,
    Full,
    None,
}

#[napi(object)]
pub struct NativeSvd {
    pub u: Option<NativeMatrix>,
    pub s: RealArray,
    pub vt: Option<NativeMatrix>,
}

impl<T: Element> From<svd::Svd<T>> for NativeSvd {
    fn from(result: svd::Svd<T>) -> Self {
        Self {
            u: result.u.map(Into::into),
            s: T::wrap(result.s),
            vt: result.vt.map(Into::into),
        }
    }
}

#[napi]
pub fn svd<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    vectors: NativeVectors,
    precision: NativePrecision,
) -> napi::Result<PromiseRaw<'env, NativeSvd>> {
    let vectors = match vectors {
        NativeVectors::Thin => Vectors::Thin,
        NativeVectors::Full => Vectors::Full,
        NativeVectors::None => Vectors::No,
    };
    let shape = a.shape();
    each_precision!(a.data, data => run(env, task, shape, data, vectors, precision.into()))
}

fn run<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): (usize, usize),
    data: impl Elements<T>,
    vectors: Vectors,
    precision: Precision,
) -> napi::Result<PromiseRaw<'env, NativeSvd>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| svd::decompose(View::new(rows, columns, &data)?, vectors, precision, task),
        |_env, result| Ok(result.into()),
    )
}

#[napi]
#[allow(clippy::too_many_arguments)]
pub fn randomized_svd<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    rank: u32,
    oversampling: u32,
    power_iterations: u32,
    seed: BigInt,
    precision: NativePrecision,
) -> napi::Result<PromiseRaw<'env, NativeSvd>> {
    let options = Options {
        rank: rank as usize,
        oversampling: oversampling as usize,
        power_iterations: power_iterations as usize,
        seed: seed.get_u64().1,
        precision: precision.into(),
    };
    let shape = a.shape();
    each_precision!(a.data, data => run_randomized(env, task, shape, data, options))
}

fn run_randomized<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): (usize, usize),
    data: impl Elements<T>,
    options: Options,
) -> napi::Result<PromiseRaw<'env, NativeSvd>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| randomized_svd::decompose(View::new(rows, columns, &data)?, options, task),
        |_env, result| Ok(result.into()),
    )
}
