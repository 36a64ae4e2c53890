use eigenloom_numeric::linalg::{View, gemm};
use napi::Env;
use napi::bindgen_prelude::{Either, PromiseRaw};
use napi_derive::napi;

use super::array::{Element, Elements, NativeMatrix};
use crate::call::{Lane, NativeTask, start};

#[napi]
pub fn matmul<'env>(
    env: &'env Env,
    task: &NativeTask,
    a: NativeMatrix,
    transpose_a: bool,
    b: NativeMatrix,
    transpose_b: bool,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    let shapes = Shapes {
        a: (a.rows as usize, a.columns as usize, transpose_a),
        b: (b.rows as usize, b.columns as usize, transpose_b),
    };
    match (a.data, b.data) {
        (Either::A(a), Either::A(b)) => run::<f32>(env, task, shapes, a, b),
        (Either::B(a), Either::B(b)) => run::<f64>(env, task, shapes, a, b),
        _ => Err(napi::Error::from_reason("precisions differ")),
    }
}

struct Shapes {
    a: (usize, usize, bool),
    b: (usize, usize, bool),
}

fn run<'env, T: Element>(
    env: &'env Env,
    task: &NativeTask,
    shapes: Shapes,
    a: impl Elements<T>,
    b: impl Elements<T>,
) -> napi::Result<PromiseRaw<'env, NativeMatrix>> {
    let Shapes { a: sa, b: sb } = shapes;
    start(
        env,
        task,
        Lane::Compute,
        move |task| {
            let left = View::new(sa.0, sa.1, &a)?;
            let right = View::new(sb.0, sb.1, &b)?;
            gemm::multiply(left, sa.2, right, sb.2, task)
        },
        |_env, product| Ok(product.into()),
    )
}
