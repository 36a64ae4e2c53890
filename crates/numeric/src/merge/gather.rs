//! Vocabulary tensors put in another order: each row of the result is a row of a source, the mean of several, or zero.

use std::sync::Arc;

use rayon::prelude::*;

use super::plan::{Resources, SourceDescription, at, bind};
use super::source::{Folding, Source};
use crate::checkpoint::{Dtype, SafetensorsWriter, TensorEntry};
use crate::{Error, Reason, Result, Task};

/// Elements that are in memory at a time.
const BLOCK: usize = 1 << 20;

/// Where the rows of a result come from.
#[derive(Debug, Clone, Default)]
pub struct RowPicks {
    /// For each row the position of its first pick, and the number of picks at the end.
    pub starts: Vec<u32>,
    /// Pairs of a source and a row of it.
    pub picks: Vec<u32>,
    /// Rows after these that are the mean of all of them.
    pub padding: u32,
}

/// A tensor to be put in order.
#[derive(Debug)]
pub struct Gather {
    name: String,
    sources: Vec<Source>,
    writer: Arc<SafetensorsWriter>,
    picks: RowPicks,
    /// Elements of a row.
    width: usize,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    name: String,
    sources: Vec<SourceDescription>,
    writer: usize,
}

impl Gather {
    /// Reads a description (JSON) and checks it: rows exist, and the sources agree in all dimensions but the first.
    pub fn parse(json: &str, picks: RowPicks, resources: &Resources) -> Result<Self> {
        let description: Description = serde_json::from_str(json)
            .map_err(|error| Error::new(Reason::OutOfRange, error.to_string()))?;
        let sources = description
            .sources
            .iter()
            .map(|source| bind(source, resources))
            .collect::<Result<Vec<_>>>()?;
        let writer = Arc::clone(at(&resources.writers, description.writer)?);
        let tail = |entry: &TensorEntry| entry.shape.get(1..).map(<[u64]>::to_vec);
        let out = writer.entry(&description.name)?;
        let rows = picks.starts.len().saturating_sub(1) as u64 + u64::from(picks.padding);
        let fits = sources
            .iter()
            .all(|source| tail(&source.entry) == tail(out) && source.entry.dtype.is_float());
        if !fits || out.shape.first() != Some(&rows) {
            let why = format!("tensor {:?}: the rows differ in size", description.name);
            return Err(Error::new(Reason::ShapeMismatch, why));
        }
        let width = out.shape[1..].iter().product::<u64>() as usize;
        let gather = Self {
            name: description.name,
            sources,
            writer,
            picks,
            width,
        };
        gather.check_rows()?;
        Ok(gather)
    }

    fn check_rows(&self) -> Result<()> {
        let RowPicks { starts, picks, .. } = &self.picks;
        let ordered =
            starts.is_sorted() && starts.last().map(|end| 2 * *end as usize) == Some(picks.len());
        let (pairs, rest) = picks.as_chunks::<2>();
        let known = pairs.iter().all(|[source, row]| {
            let rows = self
                .sources
                .get(*source as usize)
                .map(|source| source.entry.shape[0]);
            rows.is_some_and(|rows| u64::from(*row) < rows)
        });
        if ordered && known && rest.is_empty() && starts.first() == Some(&0) {
            return Ok(());
        }
        Err(Error::new(Reason::OutOfRange, "a row that no source has"))
    }

    /// Writes the rows, one block in memory at a time; means are taken in f32, or in f64 where a tensor is stored so.
    pub fn run(&self, task: &Task) -> Result<()> {
        let out = self.writer.entry(&self.name)?.dtype;
        let wide = self
            .sources
            .iter()
            .any(|source| source.entry.dtype == Dtype::F64);
        match wide || out == Dtype::F64 {
            true => self.write::<f64>(task),
            false => self.write::<f32>(task),
        }
    }

    fn write<T: Folding>(&self, task: &Task) -> Result<()> {
        let rows = self.picks.starts.len() - 1;
        let height = (BLOCK / self.width.max(1)).max(1);
        let padding = self.picks.padding as usize;
        let mut sums = vec![0f64; if padding > 0 { self.width } else { 0 }];
        let mut values = Vec::new();
        task.set_total(rows as u64);
        for first in (0..rows).step_by(height) {
            task.check()?;
            let count = height.min(rows - first);
            values.clear();
            values.resize(count * self.width, T::default());
            values
                .par_chunks_mut(self.width.max(1))
                .enumerate()
                .try_for_each_init(RowBuffers::default, |buffers, (index, row)| {
                    self.fill(first + index, row, buffers)
                })?;
            for row in values.chunks_exact(self.width.max(1)) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += value.to_f64();
                }
            }
            self.put(first, &values)?;
            task.advance(count as u64);
        }
        let mean: Vec<T> = sums
            .iter()
            .map(|sum| T::from_f64(sum / rows as f64))
            .collect();
        (rows..rows + padding).try_for_each(|row| self.put(row, &mean))
    }

    fn fill<T: Folding>(
        &self,
        row: usize,
        values: &mut [T],
        buffers: &mut RowBuffers<T>,
    ) -> Result<()> {
        let RowPicks { starts, picks, .. } = &self.picks;
        let (pairs, _) = picks.as_chunks::<2>();
        let chosen = &pairs[starts[row] as usize..starts[row + 1] as usize];
        for [source, from] in chosen {
            let source = &self.sources[*source as usize];
            let start = *from as usize * self.width;
            let range = start..start + self.width;
            source.read_bytes(range.clone(), &mut buffers.bytes)?;
            source.decode(
                start,
                range,
                &buffers.bytes,
                &mut buffers.row,
                &mut buffers.fold,
            );
            for (value, found) in values.iter_mut().zip(&buffers.row) {
                *value = if chosen.len() == 1 {
                    *found
                } else {
                    *value + *found
                };
            }
        }
        if chosen.len() > 1 {
            let count = T::from_f64(chosen.len() as f64);
            values.iter_mut().for_each(|value| *value = *value / count);
        }
        Ok(())
    }

    fn put<T: Folding>(&self, first: usize, values: &[T]) -> Result<()> {
        let entry = self.writer.entry(&self.name)?;
        let size = entry.dtype.size();
        let mut bytes = vec![0; values.len() * size];
        T::encode(entry.dtype, values, &mut bytes)?;
        self.writer
            .write_bytes(entry, (first * self.width * size) as u64, &bytes)
    }
}

/// Working memory of a thread.
#[derive(Default)]
struct RowBuffers<T> {
    bytes: Vec<u8>,
    row: Vec<T>,
    fold: Vec<T>,
}
