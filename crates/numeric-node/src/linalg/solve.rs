use eigenloom_numeric::linalg::View;
use eigenloom_numeric::linalg::solve::{self, Method};
use napi::Env;
use napi::bindgen_prelude::{Either, PromiseRaw};
use napi_derive::napi;

use super::array::{Element, Elements, NativeMatrix};
use crate::call::{Lane, NativeTask, start};

#[napi(string_enum = "camelCase")]
pub enum NativeMethod {
    Lu,
    Cholesky,
    Lower,
    Upper,
    LeastSquares,
}

impl From<NativeMethod> for Method {
    fn from(method: NativeMethod) -> Self {
        match method {
            NativeMethod::Lu => Method::Lu,
            NativeMethod::Cholesky => Method::Cholesky,
            NativeMethod::Lower => Method::Lower,
            NativeMethod::Upper => Method::Upper,
            NativeMethod::LeastSquares => Method::LeastSquares,
        }
    }
}

#[napi]
pub fn solve<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    b: NativeMatrix,
    method: NativeMethod,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    let shapes = [a.shape(), b.shape()];
    match (a.data, b.data) {
        (Either::A(a), Either::A(b)) => run::<f32>(env, task, shapes, a, b, method.into()),
        (Either::B(a), Either::B(b)) => run::<f64>(env, task, shapes, a, b, method.into()),
        _ => Err(napi::Error::from_reason("precisions differ")),
    }
}

fn run<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    [left, right]: [(usize, usize); 2],
    a: impl Elements<T>,
    b: impl Elements<T>,
    method: Method,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    start(
        env,
        task,
        Lane::Compute,
        move |task| {
            let a = View::new(left.0, left.1, &a)?;
            let b = View::new(right.0, right.1, &b)?;
            solve::solve(a, b, method, task)
        },
        |_env, x| Ok(x.into()),
    )
}
