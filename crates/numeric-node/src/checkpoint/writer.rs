use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use eigenloom_numeric::checkpoint::{Dtype, NonFiniteResult, SafetensorsWriter, TensorPlan};
use eigenloom_numeric::{Error, Reason, Result, Task};
use napi::Env;
use napi::bindgen_prelude::{Either3, Float32Array, Float64Array, PromiseRaw, Uint8Array};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, failure, start};

/// A file in the making; `None` once finished or discarded.
#[napi]
pub struct NativeSafetensorsWriter {
    writer: Arc<Mutex<Option<Arc<SafetensorsWriter>>>>,
}

#[napi(object)]
pub struct NativePlan {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
}

#[napi(object)]
pub struct NativeNonFiniteResult {
    pub tensor: String,
    pub dtype: String,
    pub largest: f64,
    pub elements: f64,
    pub count: f64,
}

impl From<NonFiniteResult> for NativeNonFiniteResult {
    fn from(NonFiniteResult { tensor, count }: NonFiniteResult) -> Self {
        Self {
            dtype: tensor.dtype.name().to_owned(),
            largest: tensor.dtype.largest(),
            elements: tensor.elements() as f64,
            tensor: tensor.name,
            count: count as f64,
        }
    }
}

/// Plans of the other side; an unknown storage type is named.
pub(crate) fn plans_of(plans: Vec<NativePlan>) -> Result<Vec<TensorPlan>> {
    plans
        .into_iter()
        .map(|plan| {
            let dtype = Dtype::from_name(&plan.dtype)
                .ok_or_else(|| Error::new(Reason::UnsupportedDtype, plan.dtype.clone()))?;
            Ok(TensorPlan {
                name: plan.name,
                dtype,
                shape: plan.shape.iter().map(|size| *size as u64).collect(),
            })
        })
        .collect()
}

#[napi]
pub fn create_safetensors<'env>(
    env: &'env Env,
    task: &NativeTask,
    path: String,
    plans: Vec<NativePlan>,
    metadata: HashMap<String, String>,
    allow_non_finite: bool,
) -> napi::Result<PromiseRaw<'env, NativeSafetensorsWriter>> {
    start(
        env,
        task,
        Lane::Disk,
        move |_task| {
            let metadata: BTreeMap<String, String> = metadata.into_iter().collect();
            let writer = SafetensorsWriter::create(Path::new(&path), plans_of(plans)?, &metadata)?;
            Ok(writer.allow_non_finite(allow_non_finite))
        },
        |_env, writer| {
            Ok(NativeSafetensorsWriter {
                writer: Arc::new(Mutex::new(Some(Arc::new(writer)))),
            })
        },
    )
}

fn write(
    writer: &SafetensorsWriter,
    name: &str,
    data: &Either3<Float32Array, Float64Array, Uint8Array>,
    task: &Task,
) -> Result<()> {
    match data {
        Either3::A(values) => writer.write::<f32>(name, values, task),
        Either3::B(values) => writer.write::<f64>(name, values, task),
        Either3::C(bytes) => writer.write_raw(name, bytes),
    }
}

#[napi]
impl NativeSafetensorsWriter {
    pub(crate) fn current(&self) -> Result<Arc<SafetensorsWriter>> {
        let slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        slot.clone()
            .ok_or_else(|| Error::new(Reason::OutOfRange, "the file is finished"))
    }

    fn take(&self) -> Option<Arc<SafetensorsWriter>> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    #[napi]
    pub fn write<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
        data: Either3<Float32Array, Float64Array, Uint8Array>,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let writer = self
            .current()
            .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        start(
            env,
            task,
            Lane::Compute,
            move |task| write(&writer, &name, &data, task),
            |_env, ()| Ok(()),
        )
    }

    /// Tensors that have become NaN or infinite and must not be.
    #[napi]
    pub fn non_finite(
        &self,
    ) -> std::result::Result<Vec<NativeNonFiniteResult>, napi::Error<String>> {
        let found = self.current().map_err(failure)?.non_finite();
        Ok(found.into_iter().map(Into::into).collect())
    }

    #[napi]
    pub fn finish<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let taken = self.take();
        start(
            env,
            task,
            Lane::Disk,
            move |task| {
                let busy = || Error::new(Reason::OutOfRange, "a write is still under way");
                let writer = taken.and_then(Arc::into_inner).ok_or_else(busy)?;
                writer.finish(task)
            },
            |_env, digest| Ok(digest),
        )
    }

    /// Removes the partial file once no write uses it.
    #[napi]
    pub fn discard(&self) {
        drop(self.take());
    }
}
