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
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub(super) struct GatherDescription {
    name: String,
    sources: Vec<SourceDescription>,
    writer: usize,
}

impl Gather {
    /// Reads a description (JSON) and checks it: rows exist, and the sources agree in all dimensions but the first.
    pub fn parse(json: &str, picks: RowPicks, resources: &Resources) -> Result<Self> {
        let description: GatherDescription = serde_json::from_str(json)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::checkpoint::{OpenOptions, SafetensorsFile, TensorPlan, read};

    fn plan(rows: u64, width: u64) -> Vec<TensorPlan> {
        vec![TensorPlan {
            name: "e".into(),
            dtype: Dtype::F32,
            shape: vec![rows, width],
        }]
    }

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("eigenloom-gather-{}-{name}", std::process::id()))
    }

    /// A file whose element (i, j) is `scale`·(i + j / 8).
    fn file(name: &str, rows: u64, width: u64, scale: f32) -> Arc<SafetensorsFile> {
        let path = path(name);
        let writer = SafetensorsWriter::create(&path, plan(rows, width), &BTreeMap::new()).unwrap();
        let values: Vec<f32> = (0..rows * width)
            .map(|i| scale * ((i / width) as f32 + (i % width) as f32 / 8.0))
            .collect();
        writer.write("e", &values, &Task::new()).unwrap();
        writer.finish(&Task::new()).unwrap();
        let file = SafetensorsFile::open(&path, OpenOptions::default()).unwrap();
        std::fs::remove_file(path).unwrap();
        Arc::new(file)
    }

    fn gathered(name: &str, width: u64, picks: RowPicks) -> Result<Vec<f32>> {
        let target = path(name);
        let rows = picks.starts.len() as u64 - 1 + u64::from(picks.padding);
        let writer = SafetensorsWriter::create(&target, plan(rows, width), &BTreeMap::new())?;
        let mut resources = Resources {
            files: vec![
                file(&format!("{name}-a"), 4, width, 1.0),
                file(&format!("{name}-b"), 3, width, -2.0),
            ],
            writers: vec![Arc::new(writer)],
            ..Resources::default()
        };
        let source = |file| format!(r#"{{"file":{file},"tensor":"e","pairs":[]}}"#);
        let json = format!(
            r#"{{"name":"e","sources":[{},{}],"writer":0}}"#,
            source(0),
            source(1)
        );
        let gather = Gather::parse(&json, picks, &resources)?;
        gather.run(&Task::new())?;
        drop(gather);
        Arc::into_inner(resources.writers.remove(0))
            .unwrap()
            .finish(&Task::new())?;
        let file = SafetensorsFile::open(&target, OpenOptions::default())?;
        let values = read::read::<f32>(&file, "e", &Task::new());
        std::fs::remove_file(target).unwrap();
        values
    }

    #[test]
    fn rows_are_copied_averaged_zero_or_the_mean_of_all() {
        // Row 2 of a; the mean of row 1 of a and row 2 of b; nothing; one row of padding.
        let picks = RowPicks {
            starts: vec![0, 1, 3, 3],
            picks: vec![0, 2, 0, 1, 1, 2],
            padding: 1,
        };
        let values = gathered("rows", 2, picks).unwrap();
        // a: (2, 2.125); (1 − 4)/2 and (1.125 − 4.25)/2; zero; sums divided by three.
        assert_eq!(values[..6], [2.0, 2.125, -1.5, -1.5625, 0.0, 0.0]);
        assert_eq!(values[6..], [0.5 / 3.0, 0.5625 / 3.0]);
    }

    #[test]
    fn blocks_of_rows_follow_one_another() {
        let width = (BLOCK / 2 - 1) as u64;
        let order = [3u32, 1, 0, 2, 1];
        let picks = RowPicks {
            starts: (0..=5).collect(),
            picks: order.iter().flat_map(|row| [0, *row]).collect(),
            padding: 0,
        };
        let values = gathered("blocks", width, picks).unwrap();
        for (row, from) in values.chunks(width as usize).zip(order) {
            assert_eq!(row[0], from as f32);
            assert_eq!(row[8], from as f32 + 1.0);
        }
    }

    #[test]
    fn rows_that_no_source_has_are_refused() {
        for (starts, picks) in [
            (vec![0, 1], vec![0, 4]),
            (vec![0, 1], vec![2, 0]),
            (vec![0, 2], vec![0, 0]),
            (vec![1, 1], vec![0, 0]),
        ] {
            let picks = RowPicks {
                starts,
                picks,
                padding: 0,
            };
            let error = gathered("refused", 2, picks).unwrap_err();
            assert_eq!(error.reason, Reason::OutOfRange);
        }
    }
}
