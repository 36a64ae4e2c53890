use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use eigenloom_numeric::checkpoint::{OpenOptions, SafetensorsFile, non_finite, read};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, PromiseRaw, Uint8Array};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, failure, start};

/// An open file; read by any number of calls at once.
#[napi]
pub struct NativeSafetensorsFile {
    pub(crate) file: Arc<SafetensorsFile>,
}

#[napi(object)]
pub struct NativeTensor {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<f64>,
    pub byte_length: f64,
}

#[napi]
pub fn open_safetensors<'env>(
    env: &'env Env,
    task: &NativeTask,
    path: String,
    max_header_bytes: f64,
) -> napi::Result<PromiseRaw<'env, NativeSafetensorsFile>> {
    let options = OpenOptions {
        max_header_bytes: max_header_bytes as u64,
    };
    start(
        env,
        task,
        Lane::Disk,
        move |_task| SafetensorsFile::open(Path::new(&path), options),
        |_env, file| {
            Ok(NativeSafetensorsFile {
                file: Arc::new(file),
            })
        },
    )
}

#[napi]
impl NativeSafetensorsFile {
    #[napi]
    pub fn tensors(&self) -> Vec<NativeTensor> {
        let tensors = &self.file.header().tensors;
        tensors
            .iter()
            .map(|tensor| NativeTensor {
                name: tensor.name.clone(),
                dtype: tensor.dtype.name().to_owned(),
                shape: tensor.shape.iter().map(|size| *size as f64).collect(),
                byte_length: (tensor.end - tensor.start) as f64,
            })
            .collect()
    }

    #[napi]
    pub fn metadata(&self) -> HashMap<String, String> {
        let metadata = &self.file.header().metadata;
        metadata
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    #[napi]
    pub fn identity(&self) -> Result<String, napi::Error<String>> {
        self.file.identity().map_err(failure)
    }

    #[napi]
    pub fn read_f32<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
    ) -> napi::Result<PromiseRaw<'env, Float32Array>> {
        let file = Arc::clone(&self.file);
        start(
            env,
            task,
            Lane::Compute,
            move |task| read::read::<f32>(&file, &name, task),
            |_env, values| Ok(Float32Array::new(values)),
        )
    }

    #[napi]
    pub fn read_f64<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
    ) -> napi::Result<PromiseRaw<'env, Float64Array>> {
        let file = Arc::clone(&self.file);
        start(
            env,
            task,
            Lane::Compute,
            move |task| read::read::<f64>(&file, &name, task),
            |_env, values| Ok(Float64Array::new(values)),
        )
    }

    #[napi]
    pub fn read_part_f64<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
        first: f64,
        count: f64,
    ) -> napi::Result<PromiseRaw<'env, Float64Array>> {
        let file = Arc::clone(&self.file);
        let (first, count) = (first as u64, count as u64);
        start(
            env,
            task,
            Lane::Compute,
            move |task| read::read_part::<f64>(&file, &name, first..first + count, task),
            |_env, values| Ok(Float64Array::new(values)),
        )
    }

    #[napi]
    pub fn read_raw<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
    ) -> napi::Result<PromiseRaw<'env, Uint8Array>> {
        let file = Arc::clone(&self.file);
        start(
            env,
            task,
            Lane::Compute,
            move |task| read::read_raw(&file, &name, task),
            |_env, bytes| Ok(Uint8Array::new(bytes)),
        )
    }

    #[napi]
    pub fn count_non_finite<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        name: String,
    ) -> napi::Result<PromiseRaw<'env, f64>> {
        let file = Arc::clone(&self.file);
        start(
            env,
            task,
            Lane::Compute,
            move |task| non_finite::count(&file, &name, task),
            |_env, count| Ok(count as f64),
        )
    }
}
