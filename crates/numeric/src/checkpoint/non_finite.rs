//! Counting NaN and infinite values.

use rayon::prelude::*;

use super::SafetensorsFile;
use super::convert::Real;
use super::read::CHUNK;
use crate::{Result, Task};

/// Number of NaN and infinite elements of a tensor; 0 for integers without reading them.
pub fn count(file: &SafetensorsFile, name: &str, task: &Task) -> Result<u64> {
    let tensor = file.tensor(name)?;
    if !tensor.dtype.is_float() {
        return Ok(0);
    }
    let size = tensor.dtype.size();
    let elements = tensor.elements() as usize;
    task.set_total(elements as u64);
    (0..elements.div_ceil(CHUNK))
        .into_par_iter()
        .map_init(
            || (Vec::new(), Vec::<f64>::new()),
            |(bytes, values), index| -> Result<u64> {
                task.check()?;
                let start = index * CHUNK;
                let length = CHUNK.min(elements - start);
                bytes.resize(length * size, 0);
                values.resize(length, 0.0);
                file.read_bytes(tensor, (start * size) as u64, bytes)?;
                f64::decode(tensor.dtype, bytes, values);
                task.advance(length as u64);
                Ok(values.iter().filter(|value| !value.finite()).count() as u64)
            },
        )
        .try_reduce(|| 0, |a, b| Ok(a + b))
}
