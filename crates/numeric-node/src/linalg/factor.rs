use eigenloom_numeric::linalg::{View, cholesky as cholesky_core, lu as lu_core, qr as qr_core};
use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, Uint32Array};
use napi_derive::napi;

use super::array::{Element, Elements, NativeMatrix, each_precision};
use crate::call::{Lane, NativeTask, start};

type Shape = (usize, usize);

#[napi(object)]
pub struct NativeQr {
    pub q: NativeMatrix,
    pub r: NativeMatrix,
}

#[napi]
pub fn qr<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
) -> napi::Result<PromiseRaw<'env, NativeQr>> {
    let shape = a.shape();
    each_precision!(a.data, data => run_qr(env, task, shape, data))
}

fn run_qr<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): Shape,
    data: impl Elements<T>,
) -> napi::Result<PromiseRaw<'env, NativeQr>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| qr_core::decompose(View::new(rows, columns, &data)?, task),
        |_env, result| {
            Ok(NativeQr {
                q: result.q.into(),
                r: result.r.into(),
            })
        },
    )
}

#[napi(object)]
pub struct NativeLu {
    pub l: NativeMatrix,
    pub u: NativeMatrix,
    pub permutation: Uint32Array,
}

#[napi]
pub fn lu<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
) -> napi::Result<PromiseRaw<'env, NativeLu>> {
    let shape = a.shape();
    each_precision!(a.data, data => run_lu(env, task, shape, data))
}

fn run_lu<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): Shape,
    data: impl Elements<T>,
) -> napi::Result<PromiseRaw<'env, NativeLu>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| lu_core::decompose(View::new(rows, columns, &data)?, task),
        |_env, result| {
            Ok(NativeLu {
                l: result.l.into(),
                u: result.u.into(),
                permutation: Uint32Array::new(result.permutation),
            })
        },
    )
}

#[napi]
pub fn cholesky<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    let shape = a.shape();
    each_precision!(a.data, data => run_cholesky(env, task, shape, data))
}

fn run_cholesky<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): Shape,
    data: impl Elements<T>,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| cholesky_core::decompose(View::new(rows, columns, &data)?, task),
        |_env, l| Ok(l.into()),
    )
}
