//! Tensors, and parts of them: chunks are read and converted in parallel.

use std::ops::Range;

use rayon::prelude::*;

use super::SafetensorsFile;
use super::convert::Real;
use super::fault::shown;
use crate::{Error, Reason, Result, Task};

/// Elements of one chunk: its bytes stay in the second-level cache between reading and converting.
pub const CHUNK: usize = 1 << 17;

/// A tensor as f32 or f64.
pub fn read<T: Real>(file: &SafetensorsFile, name: &str, task: &Task) -> Result<Vec<T>> {
    let elements = file.tensor(name)?.elements();
    read_part(file, name, 0..elements, task)
}

/// Elements `part` of a tensor, row-major, as f32 or f64. Errors: `OutOfRange` where the tensor has not as many.
pub fn read_part<T: Real>(
    file: &SafetensorsFile,
    name: &str,
    part: Range<u64>,
    task: &Task,
) -> Result<Vec<T>> {
    let tensor = file.tensor(name)?;
    if part.start > part.end || part.end > tensor.elements() {
        return Err(Error::new(
            Reason::OutOfRange,
            format!(
                "elements {} to {} of {}, which has {}",
                part.start,
                part.end,
                shown(name),
                tensor.elements()
            ),
        ));
    }
    let size = tensor.dtype.size();
    let start = part.start * size as u64;
    let elements = part.end - part.start;
    let mut values = allocate::<T>(elements)?;
    task.set_total(elements);
    values.par_chunks_mut(CHUNK).enumerate().try_for_each_init(
        Vec::new,
        |buffer: &mut Vec<u8>, (index, chunk)| -> Result<()> {
            task.check()?;
            buffer.resize(chunk.len() * size, 0);
            file.read_bytes(tensor, start + (index * CHUNK * size) as u64, buffer)?;
            T::decode(tensor.dtype, buffer, chunk);
            task.advance(chunk.len() as u64);
            Ok(())
        },
    )?;
    Ok(values)
}

/// A tensor's stored bytes.
pub fn read_raw(file: &SafetensorsFile, name: &str, task: &Task) -> Result<Vec<u8>> {
    let tensor = file.tensor(name)?;
    let mut bytes = allocate::<u8>(tensor.end - tensor.start)?;
    task.set_total(bytes.len() as u64);
    bytes
        .par_chunks_mut(CHUNK)
        .enumerate()
        .try_for_each(|(index, chunk)| -> Result<()> {
            task.check()?;
            file.read_bytes(tensor, (index * CHUNK) as u64, chunk)?;
            task.advance(chunk.len() as u64);
            Ok(())
        })?;
    Ok(bytes)
}

/// Zeroed memory, or an error where the process would abort.
pub fn allocate<T: Copy + Default>(elements: u64) -> Result<Vec<T>> {
    let refused = || {
        Error::new(
            Reason::LimitExceeded,
            format!("no memory for {elements} elements"),
        )
    };
    let count = usize::try_from(elements).map_err(|_| refused())?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| refused())?;
    values.resize(count, T::default());
    Ok(values)
}
