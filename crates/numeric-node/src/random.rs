use eigenloom_numeric::linalg::Precision;
use eigenloom_numeric::random::Stream;
use napi::Env;
use napi::bindgen_prelude::{BigInt, Either, Float32Array, Float64Array, PromiseRaw};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, start};
use crate::linalg::RealArray;

#[napi(string_enum = "lowercase")]
pub enum NativeDistribution {
    Normal,
    Uniform,
}

#[napi(string_enum = "lowercase")]
pub enum NativePrecision {
    F32,
    F64,
}

impl From<NativePrecision> for Precision {
    fn from(precision: NativePrecision) -> Self {
        match precision {
            NativePrecision::F32 => Self::F32,
            NativePrecision::F64 => Self::F64,
        }
    }
}

#[napi]
#[allow(clippy::too_many_arguments)]
pub fn random<'env>(
    env: &'env Env,
    task: &NativeTask,
    distribution: NativeDistribution,
    precision: NativePrecision,
    seed: BigInt,
    stream: BigInt,
    offset: BigInt,
    length: u32,
) -> napi::Result<PromiseRaw<'env, RealArray>> {
    let source = Stream {
        seed: seed.get_u64().1,
        stream: stream.get_u64().1,
    };
    let (offset, length) = (offset.get_u64().1, length as usize);
    start(
        env,
        task,
        Lane::Compute,
        move |_task| {
            Ok(match (precision, distribution) {
                (NativePrecision::F32, NativeDistribution::Normal) => {
                    Either::A(fill(length, |values| source.normal(offset, values)))
                }
                (NativePrecision::F32, NativeDistribution::Uniform) => {
                    Either::A(fill(length, |values| source.uniform(offset, values)))
                }
                (NativePrecision::F64, NativeDistribution::Normal) => {
                    Either::B(fill(length, |values| source.normal(offset, values)))
                }
                (NativePrecision::F64, NativeDistribution::Uniform) => {
                    Either::B(fill(length, |values| source.uniform(offset, values)))
                }
            })
        },
        |_env, values| {
            Ok(match values {
                Either::A(values) => Either::A(Float32Array::new(values)),
                Either::B(values) => Either::B(Float64Array::new(values)),
            })
        },
    )
}

fn fill<T: Default + Clone>(length: usize, make: impl FnOnce(&mut [T])) -> Vec<T> {
    let mut values = vec![T::default(); length];
    make(&mut values);
    values
}
