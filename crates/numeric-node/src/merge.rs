use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eigenloom_numeric::checkpoint::fold::LowRankPair;
use eigenloom_numeric::merge::source::FoldedPair;
use eigenloom_numeric::merge::{
    Masks, MergeReport, Resources, TensorMerge, find_masks, merge_files, merge_to_memory,
};
use eigenloom_numeric::{Error, Reason};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, PromiseRaw, Uint8Array};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, failure, start};
use crate::checkpoint::{NativeFoldShape, NativeSafetensorsFile, NativeSafetensorsWriter};

/// A merge that is being described; `run` takes the descriptions.
#[napi]
#[derive(Default)]
pub struct NativeMerge {
    resources: Mutex<Resources>,
    tensors: Mutex<Vec<TensorMerge>>,
}

#[napi(object)]
pub struct NativeNonFinite {
    pub tensor: String,
    /// Absent for the base.
    pub model: Option<u32>,
    pub count: f64,
}

#[napi(object)]
pub struct NativeMergeReport {
    pub tensors: u32,
    pub changed_tensors: u32,
    pub delta_norm: f64,
    pub reference_norm: f64,
    pub non_finite: Vec<NativeNonFinite>,
    pub disagreeing: Vec<String>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[napi]
impl NativeMerge {
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    #[napi]
    pub fn add_file(&self, file: &NativeSafetensorsFile) -> u32 {
        let mut resources = lock(&self.resources);
        resources.files.push(Arc::clone(&file.file));
        (resources.files.len() - 1) as u32
    }

    #[napi]
    pub fn add_pair(
        &self,
        a: Float32Array,
        b: Float32Array,
        shape: NativeFoldShape,
        scale: f64,
    ) -> Result<u32, napi::Error<String>> {
        let pair = LowRankPair {
            a: a.to_vec(),
            b: b.to_vec(),
            rank: shape.rank as usize,
            scale: scale as f32,
        };
        let (rows, columns) = (shape.rows as usize, shape.columns as usize);
        pair.check(rows, columns).map_err(failure)?;
        let mut resources = lock(&self.resources);
        resources
            .pairs
            .push(Arc::new(FoldedPair::new(pair, scale, columns)));
        Ok((resources.pairs.len() - 1) as u32)
    }

    #[napi]
    pub fn add_writer(&self, writer: &NativeSafetensorsWriter) -> Result<u32, napi::Error<String>> {
        let current = writer.current().map_err(failure)?;
        let mut resources = lock(&self.resources);
        resources.writers.push(current);
        Ok((resources.writers.len() - 1) as u32)
    }

    /// `description`: JSON of a tensor's sources, steps and writer.
    #[napi]
    pub fn add_tensor(&self, description: String) -> Result<(), napi::Error<String>> {
        let merge = TensorMerge::parse(&description, &lock(&self.resources)).map_err(failure)?;
        lock(&self.tensors).push(merge);
        Ok(())
    }

    /// Merges into the writers, and lets go of them.
    #[napi]
    pub fn run<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        allow_non_finite: bool,
    ) -> napi::Result<PromiseRaw<'env, NativeMergeReport>> {
        let tensors = std::mem::take(&mut *lock(&self.tensors));
        lock(&self.resources).writers.clear();
        start(
            env,
            task,
            Lane::Compute,
            move |task| merge_files(&tensors, allow_non_finite, task),
            |_env, report| Ok(report.into()),
        )
    }

    /// Merges the only tensor described without storing it.
    #[napi]
    pub fn run_to_memory<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
    ) -> napi::Result<PromiseRaw<'env, Float32Array>> {
        let mut tensors = std::mem::take(&mut *lock(&self.tensors));
        start(
            env,
            task,
            Lane::Compute,
            move |task| {
                let only = tensors.pop().filter(|_| tensors.is_empty());
                let merge = only.ok_or_else(|| Error::new(Reason::OutOfRange, "not one tensor"))?;
                merge_to_memory(&merge, task)
            },
            |_env, values| Ok(Float32Array::new(values)),
        )
    }

    /// The masks of the only tensor described. `needs`: JSON of when a model needs an element.
    #[napi]
    pub fn run_masks<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        before: u32,
        needs: String,
    ) -> napi::Result<PromiseRaw<'env, NativeMasks>> {
        let mut tensors = std::mem::take(&mut *lock(&self.tensors));
        start(
            env,
            task,
            Lane::Compute,
            move |task| {
                let only = tensors.pop().filter(|_| tensors.is_empty());
                let merge = only.ok_or_else(|| Error::new(Reason::OutOfRange, "not one tensor"))?;
                let needs = serde_json::from_str(&needs)
                    .map_err(|error| Error::new(Reason::OutOfRange, error.to_string()))?;
                find_masks(&merge, before as usize, needs, task)
            },
            |_env, masks| Ok(masks.into()),
        )
    }
}

#[napi(object)]
pub struct NativeMasks {
    pub bits: Vec<Uint8Array>,
    pub own: Float64Array,
    pub masked: Float64Array,
}

impl From<Masks> for NativeMasks {
    fn from(masks: Masks) -> Self {
        Self {
            bits: masks.bits.into_iter().map(Uint8Array::new).collect(),
            own: Float64Array::new(masks.own),
            masked: Float64Array::new(masks.masked),
        }
    }
}

impl From<MergeReport> for NativeMergeReport {
    fn from(report: MergeReport) -> Self {
        Self {
            tensors: report.tensors as u32,
            changed_tensors: report.changed_tensors as u32,
            delta_norm: report.difference.delta.sqrt(),
            reference_norm: report.difference.reference.sqrt(),
            non_finite: report
                .non_finite
                .into_iter()
                .map(|found| NativeNonFinite {
                    tensor: found.tensor,
                    model: found.model.map(|model| model as u32),
                    count: found.count as f64,
                })
                .collect(),
            disagreeing: report.disagreeing,
        }
    }
}
