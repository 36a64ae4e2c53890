//! A merge as the caller describes it, bound to open files.

use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::chunk::Layout;
use super::program::{StatisticSize, Step};
use super::source::{FoldedPair, Source, Statistic};
use crate::checkpoint::{Dtype, SafetensorsFile, SafetensorsWriter};
use crate::random::Stream;
use crate::{Error, Reason, Result};

/// Files and pairs that descriptions refer to by position.
#[derive(Debug, Default)]
pub struct Resources {
    /// Inputs.
    pub files: Vec<Arc<SafetensorsFile>>,
    /// Low-rank pairs.
    pub pairs: Vec<Arc<FoldedPair>>,
    /// Outputs.
    pub writers: Vec<Arc<SafetensorsWriter>>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct StatisticDescription {
    file: usize,
    tensor: String,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct SourceDescription {
    file: usize,
    tensor: String,
    pairs: Vec<usize>,
    #[serde(default)]
    statistic: Option<StatisticDescription>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct TensorDescription {
    name: String,
    models: Vec<SourceDescription>,
    base: Option<SourceDescription>,
    writer: Option<usize>,
    steps: Vec<Step>,
    /// Decimal: JSON's numbers do not reach 2⁶⁴.
    seed: String,
    /// Arithmetic in f64 whatever is stored.
    #[serde(default)]
    wide: bool,
}

/// One tensor of a merge.
#[derive(Debug)]
pub struct TensorMerge {
    /// Name in the output.
    pub name: String,
    /// At least one.
    pub models: Vec<Source>,
    /// What steps subtract and add; the reference of the report.
    pub base: Option<Source>,
    /// Where the result goes; `None` when it stays in memory.
    pub writer: Option<Arc<SafetensorsWriter>>,
    /// Empty for tensors that are not numbers to merge: all inputs must agree.
    pub steps: Vec<Step>,
    /// Elements.
    pub elements: usize,
    /// How it is cut.
    pub layout: Layout,
    /// Random numbers of each model, by seed, name of the tensor and position of the model.
    pub streams: Vec<Stream>,
    /// Arithmetic in f64 whatever is stored.
    pub wide: bool,
}

fn stream(seed: u64, tensor: &str, model: usize) -> Stream {
    let digest = Sha256::digest(format!("{tensor}\0{model}"));
    let (words, _) = digest.as_chunks::<8>();
    Stream {
        seed,
        stream: u64::from_le_bytes(words[0]),
    }
}

impl TensorMerge {
    /// Reads a description (JSON) and checks it: files exist, sizes agree, steps fit the models.
    pub fn parse(json: &str, resources: &Resources) -> Result<Self> {
        let description: TensorDescription = serde_json::from_str(json)
            .map_err(|error| Error::new(Reason::OutOfRange, error.to_string()))?;
        let models = description
            .models
            .iter()
            .map(|source| bind(source, resources))
            .collect::<Result<Vec<_>>>()?;
        let base = description
            .base
            .as_ref()
            .map(|source| bind(source, resources))
            .transpose()?;
        let writer = description
            .writer
            .map(|index| at(&resources.writers, index).cloned())
            .transpose()?;
        let elements = models
            .first()
            .map(|source| source.entry.elements() as usize)
            .ok_or_else(|| Error::new(Reason::OutOfRange, "no models"))?;
        let seed = description
            .seed
            .parse()
            .map_err(|_| Error::new(Reason::OutOfRange, "the seed is not a number"))?;
        let whole_rows = description.steps.iter().any(Step::needs_rows);
        let layout = Layout::new(&models[0].entry.shape, elements, whole_rows)?;
        if description.steps.iter().any(Step::needs_columns) {
            layout.check_columns()?;
        }
        let merge = Self {
            streams: (0..models.len())
                .map(|model| stream(seed, &description.name, model))
                .collect(),
            layout,
            name: description.name,
            models,
            base,
            writer,
            steps: description.steps,
            wide: description.wide,
            elements,
        };
        merge.check()?;
        Ok(merge)
    }

    fn check(&self) -> Result<()> {
        let mismatch = |why: &str| {
            Error::new(
                Reason::ShapeMismatch,
                format!("tensor {:?}: {why}", self.name),
            )
        };
        let elements = self.elements as u64;
        if self
            .sources()
            .any(|source| source.entry.elements() != elements)
        {
            return Err(mismatch("the inputs differ in size"));
        }
        if let Some(writer) = &self.writer
            && writer.entry(&self.name)?.elements() != elements
        {
            return Err(mismatch("the output differs in size"));
        }
        for (position, step) in self.steps.iter().enumerate() {
            step.check(self.models.len(), position)?;
            if step.needs_base() && self.base.is_none() {
                return Err(mismatch("a step needs a base"));
            }
            self.check_statistics(step.statistic())?;
        }
        let combining = self.steps.iter().filter(|step| step.combines()).count();
        if !self.steps.is_empty() && combining != 1 {
            return Err(mismatch("a program combines the models once"));
        }
        let matrix = self
            .steps
            .iter()
            .any(|step| matches!(step, Step::Matrix { .. }));
        if matrix && self.steps.iter().any(Step::needs_rows) {
            return Err(mismatch("a matrix step beside one that needs whole rows"));
        }
        Ok(())
    }

    fn check_statistics(&self, needed: Option<StatisticSize>) -> Result<()> {
        let elements = match needed {
            None => return Ok(()),
            Some(StatisticSize::Tensor) => self.elements,
            Some(StatisticSize::Columns) => self.layout.columns * self.layout.columns,
            Some(StatisticSize::Bits) => self.elements.div_ceil(8),
        };
        for (model, source) in self.models.iter().enumerate() {
            let found = source.statistic.as_ref().map(|s| s.entry.elements());
            let is_mask = needed == Some(StatisticSize::Bits);
            let fits = source.statistic.as_ref().is_none_or(|s| match is_mask {
                true => s.entry.dtype == Dtype::U8,
                false => s.entry.dtype.is_float(),
            });
            if !fits {
                return Err(Error::new(
                    Reason::UnsupportedDtype,
                    format!("tensor {:?}: the statistic of model {model}", self.name),
                ));
            }
            if found != Some(elements as u64) {
                let found = found.map_or("none".into(), |found| format!("one of {found}"));
                return Err(Error::new(
                    Reason::ShapeMismatch,
                    format!(
                        "tensor {:?}: model {model} needs a statistic of {elements} elements and has {found}",
                        self.name
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The statistics that a step reads element by element.
    pub fn streamed_statistics(&self) -> Option<StatisticSize> {
        self.steps
            .iter()
            .filter_map(Step::statistic)
            .find(|size| *size != StatisticSize::Columns)
    }

    /// Models in order, then the base.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.models.iter().chain(&self.base)
    }

    /// What the result is compared with.
    pub fn reference(&self) -> &Source {
        self.base.as_ref().unwrap_or(&self.models[0])
    }

    /// Where the result goes. Fails when it stays in memory.
    pub fn output(&self) -> Result<&Arc<SafetensorsWriter>> {
        self.writer
            .as_ref()
            .ok_or_else(|| Error::new(Reason::OutOfRange, "the merge has no output"))
    }

    /// Storage type of the result.
    pub fn output_dtype(&self) -> Result<Dtype> {
        match &self.writer {
            Some(writer) => Ok(writer.entry(&self.name)?.dtype),
            None => Ok(Dtype::F32),
        }
    }

    /// Whether anything that has been written where this goes is NaN or infinite, and must not be.
    pub fn overflows(&self) -> bool {
        self.writer
            .as_ref()
            .is_some_and(|writer| !writer.non_finite().is_empty())
    }

    /// Whether arithmetic is in f64: when it is asked for, or any input or the output is stored so.
    pub fn is_wide(&self) -> Result<bool> {
        let inputs = self
            .sources()
            .any(|source| source.entry.dtype == Dtype::F64);
        Ok(self.wide || inputs || self.output_dtype()? == Dtype::F64)
    }
}

pub(super) fn at<T>(items: &[T], index: usize) -> Result<&T> {
    items
        .get(index)
        .ok_or_else(|| Error::new(Reason::OutOfRange, format!("no resource {index}")))
}

pub(super) fn bind(source: &SourceDescription, resources: &Resources) -> Result<Source> {
    let file = at(&resources.files, source.file)?;
    let pairs = source
        .pairs
        .iter()
        .map(|index| at(&resources.pairs, *index).cloned())
        .collect::<Result<Vec<_>>>()?;
    let statistic = source
        .statistic
        .as_ref()
        .map(|statistic| -> Result<Statistic> {
            let file = at(&resources.files, statistic.file)?;
            Ok(Statistic {
                file: Arc::clone(file),
                entry: file.tensor(&statistic.tensor)?.clone(),
            })
        })
        .transpose()?;
    Ok(Source {
        file: Arc::clone(file),
        entry: file.tensor(&source.tensor)?.clone(),
        pairs,
        statistic,
    })
}
