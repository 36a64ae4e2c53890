use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eigenloom_numeric::checkpoint::fold::LowRankPair;
use eigenloom_numeric::merge::source::FoldedPair;
use eigenloom_numeric::merge::{
    Gather, InputDigests, Interference, Masks, MergeReport, Resources, RowPicks, TensorMerge,
    find_masks, interference, merge_files, merge_to_memory,
};
use eigenloom_numeric::{Error, Reason};
use napi::Env;
use napi::bindgen_prelude::{Float32Array, Float64Array, PromiseRaw, Uint8Array, Uint32Array};
use napi_derive::napi;

use crate::call::{Lane, NativeTask, failure, start};
use crate::checkpoint::{NativeFoldShape, NativeSafetensorsFile, NativeSafetensorsWriter};

/// A merge that is being described; `run` takes the descriptions.
#[napi]
#[derive(Default)]
pub struct NativeMerge {
    resources: Mutex<Resources>,
    tensors: Mutex<Vec<TensorMerge>>,
    digests: Mutex<Arc<InputDigests>>,
}

#[napi(object)]
pub struct NativeNonFinite {
    pub tensor: String,
    /// Absent for the base.
    pub model: Option<u32>,
    pub count: f64,
}

#[napi(object)]
pub struct NativeDifference {
    pub changed: bool,
    pub delta: f64,
    pub reference: f64,
}

#[napi(object)]
pub struct NativeMergeReport {
    pub tensors: u32,
    pub changed_tensors: u32,
    pub delta_norm: f64,
    pub reference_norm: f64,
    pub differences: Vec<NativeDifference>,
    pub non_finite: Vec<NativeNonFinite>,
    pub disagreeing: Vec<String>,
}

#[napi(object)]
pub struct NativeInterference {
    pub elements: f64,
    pub changed: f64,
    pub conflicting: f64,
    pub kept_changed: f64,
    pub kept_conflicting: f64,
    pub products: Vec<f64>,
    pub overlaps: Vec<f64>,
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

    /// The digests of these files are taken on the way through the runs that follow.
    #[napi]
    pub fn hash_files(&self, files: Vec<u32>) -> Result<(), napi::Error<String>> {
        let resources = lock(&self.resources);
        let file = |index: &u32| resources.files.get(*index as usize).cloned();
        let files: Option<Vec<_>> = files.iter().map(file).collect();
        let files = files.ok_or_else(|| failure(Error::new(Reason::OutOfRange, "no such file")))?;
        *lock(&self.digests) = Arc::new(InputDigests::new(&files));
        Ok(())
    }

    /// Takes in what the runs have not read; the digests of the files, in order.
    #[napi]
    pub fn finish_digests<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
    ) -> napi::Result<PromiseRaw<'env, Vec<String>>> {
        let digests = Arc::clone(&lock(&self.digests));
        start(
            env,
            task,
            Lane::Compute,
            move |task| digests.finish(task),
            |_env, digests| Ok(digests),
        )
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
        let digests = Arc::clone(&lock(&self.digests));
        start(
            env,
            task,
            Lane::Compute,
            move |task| merge_files(&tensors, &digests, allow_non_finite, task),
            |_env, report| Ok(report.into()),
        )
    }

    /// Writes one tensor whose rows come from rows of others. `description`: JSON of its sources and writer.
    #[napi]
    pub fn gather<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
        description: String,
        starts: Uint32Array,
        picks: Uint32Array,
        padding: u32,
    ) -> napi::Result<PromiseRaw<'env, ()>> {
        let rows = RowPicks {
            starts: starts.to_vec(),
            picks: picks.to_vec(),
            padding,
        };
        let gather = Gather::parse(&description, rows, &lock(&self.resources));
        lock(&self.resources).writers.clear();
        start(
            env,
            task,
            Lane::Compute,
            move |task| gather?.run(task),
            |_env, ()| Ok(()),
        )
    }

    /// Merges the only tensor described without storing it.
    #[napi]
    pub fn run_to_memory<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
    ) -> napi::Result<PromiseRaw<'env, Float32Array>> {
        let only = self.only_tensor();
        start(
            env,
            task,
            Lane::Compute,
            move |task| merge_to_memory(&only?, task),
            |_env, values| Ok(Float32Array::new(values)),
        )
    }

    /// Compares the task vectors of the only tensor described.
    #[napi]
    pub fn interference<'env>(
        &self,
        env: &'env Env,
        task: &NativeTask,
    ) -> napi::Result<PromiseRaw<'env, NativeInterference>> {
        let only = self.only_tensor();
        start(
            env,
            task,
            Lane::Compute,
            move |task| interference(&only?, task),
            |_env, found| Ok(found.into()),
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
        let only = self.only_tensor();
        start(
            env,
            task,
            Lane::Compute,
            move |task| {
                let needs = serde_json::from_str(&needs)
                    .map_err(|error| Error::new(Reason::OutOfRange, error.to_string()))?;
                find_masks(&only?, before as usize, needs, task)
            },
            |_env, masks| Ok(masks.into()),
        )
    }

    fn only_tensor(&self) -> Result<TensorMerge, Error> {
        let mut tensors = std::mem::take(&mut *lock(&self.tensors));
        let only = tensors.pop().filter(|_| tensors.is_empty());
        only.ok_or_else(|| Error::new(Reason::OutOfRange, "not one tensor"))
    }
}

impl From<Interference> for NativeInterference {
    fn from(found: Interference) -> Self {
        Self {
            elements: found.elements as f64,
            changed: found.whole.changed as f64,
            conflicting: found.whole.conflicting as f64,
            kept_changed: found.kept.changed as f64,
            kept_conflicting: found.kept.conflicting as f64,
            products: found.products,
            overlaps: found.overlaps.iter().map(|count| *count as f64).collect(),
        }
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
            differences: report
                .differences
                .into_iter()
                .map(|of| NativeDifference {
                    changed: of.changed,
                    delta: of.delta,
                    reference: of.reference,
                })
                .collect(),
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
