//! Merging one chunk of a tensor.

use super::norms::Difference;
use super::pass::{Pass, Scratch};
use super::source::{Folding, Source};
use super::vector::count_non_finite;
use crate::Result;
use crate::checkpoint::Dtype;

/// The result of a chunk as it is stored.
#[derive(Default)]
pub struct Output {
    /// The bytes.
    pub bytes: Vec<u8>,
    other: Vec<u8>,
}

/// What one chunk showed.
pub struct Outcome {
    /// From the reference.
    pub difference: Difference,
    /// NaN and infinite elements of the models in order, then of the base.
    pub non_finite: Vec<u64>,
    /// Whether tensors that are copied differ.
    pub disagrees: bool,
}

/// Merges a chunk, as it is stored, into `output`.
pub fn merge_chunk<T: Folding>(
    pass: &Pass<'_, T>,
    index: usize,
    scratch: &mut Scratch<T>,
    output: &mut Output,
) -> Result<Outcome> {
    let merge = pass.merge;
    let layout = pass.layout();
    let range = layout.range(index);
    let dtype = merge.output_dtype()?;
    let reference = merge.reference();
    let mut outcome = Outcome {
        difference: Difference::default(),
        non_finite: vec![0; merge.sources().count()],
        disagrees: false,
    };
    let mut kept = Vec::new();
    pass.read(range.clone(), scratch)?;
    output.bytes.resize(range.len() * dtype.size(), 0);
    for part in layout.tiles(range.clone()) {
        pass.decode(range.start, part.clone(), scratch)?;
        let tile = &mut scratch.tile;
        let rows = tile
            .models
            .iter()
            .take(tile.rows)
            .chain(merge.base.as_ref().map(|_| &tile.base));
        for (count, row) in outcome.non_finite.iter_mut().zip(rows) {
            *count += u64::from(count_non_finite(row));
        }
        if merge.base.is_none() {
            kept.clone_from(&tile.models[0]);
        }
        pass.run(0..merge.steps.len(), tile);
        let place =
            (part.start - range.start) * dtype.size()..(part.end - range.start) * dtype.size();
        let bytes = &mut output.bytes[place.clone()];
        T::encode(dtype, &tile.models[0], bytes)?;
        let values = if merge.base.is_none() {
            &kept
        } else {
            &tile.base
        };
        let raw = &scratch.raw[if merge.base.is_none() {
            0
        } else {
            merge.models.len()
        }];
        let changed = if is_stored_as(reference, dtype) {
            *bytes != raw[place]
        } else {
            output.other.resize(bytes.len(), 0);
            T::encode(dtype, values, &mut output.other)?;
            *bytes != *output.other
        };
        T::decode(dtype, bytes, &mut tile.models[0]);
        outcome
            .difference
            .add(Difference::of(changed, &tile.models[0], values));
    }
    Ok(outcome)
}

/// Whether encoding the values of a source gives its bytes.
fn is_stored_as(source: &Source, dtype: Dtype) -> bool {
    source.entry.dtype == dtype && source.pairs.is_empty()
}

/// Tensors that are not floating-point numbers: as they are, if all inputs agree.
pub fn copy_chunk<T: Folding>(
    pass: &Pass<'_, T>,
    index: usize,
    scratch: &mut Scratch<T>,
    output: &mut Output,
) -> Result<Outcome> {
    let merge = pass.merge;
    pass.read(pass.layout().range(index), scratch)?;
    let first = merge.reference();
    let bytes = &scratch.raw[merge.base.as_ref().map_or(0, |_| merge.models.len())];
    let mut sources = merge.sources().zip(&scratch.raw);
    let disagrees =
        sources.any(|(source, other)| source.entry.dtype != first.entry.dtype || other != bytes);
    output.bytes.clone_from(bytes);
    Ok(Outcome {
        difference: Difference::default(),
        non_finite: Vec::new(),
        disagrees,
    })
}
