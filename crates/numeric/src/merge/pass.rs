//! A pass over a tensor: its chunks are read and their tiles run through the first steps of the program.

use std::ops::Range;

use rayon::prelude::*;

use super::chunk::{Layout, Tile};
use super::cut::Rows;
use super::fact::Fact;
use super::plan::TensorMerge;
use super::pool::Pool;
use super::program::StatisticSize;
use super::source::Folding;
use super::steps::{self, Surroundings};
use crate::{Result, Task};

/// Chunks whose partial results are in memory at a time, at the most.
const GROUP: usize = 128;
/// Bytes of these, about.
const GROUP_BYTES: usize = 1 << 26;

/// Working memory of a thread.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    /// The bytes of a chunk of every model, then of the base.
    pub raw: Vec<Vec<u8>>,
    /// The tile at work.
    pub tile: Tile<T>,
    row: Vec<T>,
    bytes: Vec<u8>,
}

/// A tensor with what is known of it so far.
#[derive(Debug)]
pub struct Pass<'a, T> {
    /// The tensor.
    pub merge: &'a TensorMerge,
    /// By step; shorter while facts are being found.
    pub facts: &'a [Option<Fact>],
    pool: &'a Pool<Scratch<T>>,
    task: &'a Task,
}

impl<'a, T: Folding> Pass<'a, T> {
    /// A pass with that working memory.
    pub fn new(
        merge: &'a TensorMerge,
        facts: &'a [Option<Fact>],
        pool: &'a Pool<Scratch<T>>,
        task: &'a Task,
    ) -> Self {
        Self {
            merge,
            facts,
            pool,
            task,
        }
    }

    /// How the tensor is cut.
    pub fn layout(&self) -> Layout {
        self.merge.layout
    }

    /// Calls `visit(position, tile)` with every tile of a chunk, or of another run of tiles, in order, before the steps at the
    /// positions `stops` (ascending).
    pub fn tiles(
        &self,
        range: Range<usize>,
        stops: &[usize],
        visit: &mut dyn FnMut(usize, &Tile<T>),
    ) -> Result<()> {
        self.task.check()?;
        self.pool.with(|scratch| {
            self.read(range.clone(), scratch)?;
            for part in self.layout().tiles(range.clone()) {
                self.decode(range.start, part, scratch)?;
                let mut done = 0;
                for stop in stops {
                    self.run(done..*stop, &mut scratch.tile);
                    done = *stop;
                    visit(*stop, &scratch.tile);
                }
            }
            Ok(())
        })
    }

    /// Partial results of all chunks, handed to `add` in order. `bytes` is the size of one.
    pub fn reduce<R: Send>(
        &self,
        stops: &[usize],
        bytes: usize,
        start: impl Fn() -> R + Sync,
        visit: impl Fn(&mut R, usize, &Tile<T>) + Sync,
        mut add: impl FnMut(R),
    ) -> Result<()> {
        let chunks = self.layout().chunks();
        let group = (GROUP_BYTES / bytes.max(1)).clamp(1, GROUP);
        for first in (0..chunks).step_by(group) {
            let partial: Vec<R> = (first..(first + group).min(chunks))
                .into_par_iter()
                .map(|chunk| {
                    let mut result = start();
                    self.tiles(self.layout().range(chunk), stops, &mut |stop, tile| {
                        visit(&mut result, stop, tile)
                    })?;
                    Ok(result)
                })
                .collect::<Result<_>>()?;
            partial.into_iter().for_each(&mut add);
        }
        Ok(())
    }

    /// Reads the bytes of a chunk.
    pub fn read(&self, range: Range<usize>, scratch: &mut Scratch<T>) -> Result<()> {
        scratch
            .raw
            .resize_with(self.merge.sources().count(), Vec::new);
        for (source, bytes) in self.merge.sources().zip(&mut scratch.raw) {
            source.read_bytes(range.clone(), bytes)?;
        }
        Ok(())
    }

    /// Converts a part of what has been read; the chunk begins at `chunk_start`.
    pub fn decode(
        &self,
        chunk_start: usize,
        part: Range<usize>,
        scratch: &mut Scratch<T>,
    ) -> Result<()> {
        let Scratch {
            raw,
            tile,
            row,
            bytes,
        } = scratch;
        let models = self.merge.models.len();
        tile.start = part.start;
        tile.length = part.len();
        tile.rows = models;
        tile.models.resize_with(models, Vec::new);
        for (source, (values, bytes)) in self
            .merge
            .models
            .iter()
            .zip(tile.models.iter_mut().zip(&*raw))
        {
            source.decode(chunk_start, part.clone(), bytes, values, row);
        }
        if let Some(size) = self.merge.streamed_statistics() {
            tile.statistics.resize_with(models, Vec::new);
            let statistics = self.merge.models.iter().map(|model| &model.statistic);
            for (statistic, values) in statistics.zip(&mut tile.statistics) {
                match (statistic, size) {
                    (None, _) => {}
                    (Some(mask), StatisticSize::Bits) => {
                        mask.read_bits(part.clone(), bytes, values)?;
                    }
                    (Some(statistic), _) => statistic.read(part.clone(), bytes, values)?,
                }
            }
        }
        match &self.merge.base {
            Some(base) => base.decode(chunk_start, part, &raw[models], &mut tile.base, row),
            None => tile.base.clear(),
        }
        Ok(())
    }

    /// Calls `visit` with one part of the tensor, before the step at the position `stop`.
    pub fn part(
        &self,
        part: Range<usize>,
        stop: usize,
        visit: impl FnOnce(&Tile<T>),
    ) -> Result<()> {
        self.task.check()?;
        self.pool.with(|scratch| {
            self.read(part.clone(), scratch)?;
            self.decode(part.start, part, scratch)?;
            self.run(0..stop, &mut scratch.tile);
            visit(&scratch.tile);
            Ok(())
        })
    }

    /// Runs steps on a tile.
    pub fn run(&self, positions: Range<usize>, tile: &mut Tile<T>) {
        for position in positions {
            let with = Surroundings {
                fact: self.facts.get(position).and_then(Option::as_ref),
                layout: self.layout(),
                streams: &self.merge.streams,
            };
            steps::apply(&self.merge.steps[position], tile, &with);
        }
    }
}

/// The rows of the models before a step, as something to search.
pub struct ModelRows<'a, T> {
    /// The pass.
    pub pass: &'a Pass<'a, T>,
    /// The position of the step.
    pub position: usize,
}

impl<T: Folding> Rows<T> for ModelRows<'_, T> {
    fn layout(&self) -> Layout {
        self.pass.layout()
    }

    fn visit(
        &self,
        elements: Range<usize>,
        visit: &mut dyn FnMut(usize, usize, &[T]),
    ) -> Result<()> {
        self.pass.tiles(elements, &[self.position], &mut |_, tile| {
            for (model, row) in tile.active().iter().enumerate() {
                visit(model, tile.start, row);
            }
        })
    }
}
