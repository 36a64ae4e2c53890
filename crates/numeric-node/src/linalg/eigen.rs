use eigenloom_numeric::linalg::{
    Precision, View, eigen as eigen_core, symmetric_eigen as symmetric_core,
};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::array::{Element, Elements, NativeMatrix, RealArray, each_precision};
use crate::call::{Lane, NativeTask, start};
use crate::random::NativePrecision;

type Shape = (usize, usize);

#[napi(object)]
pub struct NativeSymmetricEigen {
    pub values: RealArray,
    pub vectors: Option<NativeMatrix>,
}

#[napi]
pub fn symmetric_eigen<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    vectors: bool,
    precision: NativePrecision,
) -> napi::Result<PromiseRaw<'env, NativeSymmetricEigen>> {
    let shape = a.shape();
    each_precision!(a.data, data => run_symmetric(env, task, shape, data, vectors, precision.into()))
}

fn run_symmetric<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): Shape,
    data: impl Elements<T>,
    vectors: bool,
    precision: Precision,
) -> napi::Result<PromiseRaw<'env, NativeSymmetricEigen>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| {
            symmetric_core::decompose(View::new(rows, columns, &data)?, vectors, precision, task)
        },
        |_env, result| {
            Ok(NativeSymmetricEigen {
                values: T::wrap(result.values),
                vectors: result.vectors.map(Into::into),
            })
        },
    )
}

#[napi(object)]
pub struct NativeComplexMatrix {
    pub real: NativeMatrix,
    pub imaginary: NativeMatrix,
}

#[napi(object)]
pub struct NativeEigen {
    pub real: RealArray,
    pub imaginary: RealArray,
    pub vectors: Option<NativeComplexMatrix>,
}

#[napi]
pub fn eigen<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    vectors: bool,
) -> napi::Result<PromiseRaw<'env, NativeEigen>> {
    let shape = a.shape();
    each_precision!(a.data, data => run_general(env, task, shape, data, vectors))
}

fn run_general<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    (rows, columns): Shape,
    data: impl Elements<T>,
    vectors: bool,
) -> napi::Result<PromiseRaw<'env, NativeEigen>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| eigen_core::decompose(View::new(rows, columns, &data)?, vectors, task),
        |_env, result| {
            Ok(NativeEigen {
                real: T::wrap(result.real),
                imaginary: T::wrap(result.imaginary),
                vectors: result.vectors.map(|(real, imaginary)| NativeComplexMatrix {
                    real: real.into(),
                    imaginary: imaginary.into(),
                }),
            })
        },
    )
}
