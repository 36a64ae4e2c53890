//! Counting NaN and infinite values.

use rayon::prelude::*;

use super::convert::Real;
use super::read::CHUNK;
use super::{Dtype, SafetensorsFile};
use crate::kernels::simd::simd;
use crate::{Result, Task};

simd! {
    /// Elements of two bytes whose bits under `mask` are all set.
    fn count_two(bytes: &[u8], mask: u16) -> u64 {
        let (elements, _) = bytes.as_chunks::<2>();
        // A narrow sum is added in more lanes at once; a block is short enough that it cannot overflow.
        elements
            .chunks(1 << 15)
            .map(|block| {
                let set = |b: &[u8; 2]| u16::from(u16::from_le_bytes(*b) & mask == mask);
                u64::from(block.iter().map(set).sum::<u16>())
            })
            .sum()
    }
}

simd! {
    /// Elements of four bytes whose bits under `mask` are all set.
    fn count_four(bytes: &[u8], mask: u32) -> u64 {
        let (elements, _) = bytes.as_chunks::<4>();
        elements
            .chunks(1 << 15)
            .map(|block| {
                let set = |b: &[u8; 4]| u32::from(u32::from_le_bytes(*b) & mask == mask);
                u64::from(block.iter().map(set).sum::<u32>())
            })
            .sum()
    }
}

/// Number of NaN and infinite elements among stored bytes; 0 for integers. All exponent bits are set in these and in no other code;
/// E4M3 has no infinity, and its NaN has all bits but the sign.
pub fn count_stored(dtype: Dtype, bytes: &[u8]) -> u64 {
    let one = |mask: u8| bytes.iter().filter(|b| **b & mask == mask).count() as u64;
    match dtype {
        Dtype::F64 => {
            let (elements, _) = bytes.as_chunks::<8>();
            let broken = |b: &&[u8; 8]| !f64::from_le_bytes(**b).is_finite();
            elements.iter().filter(broken).count() as u64
        }
        Dtype::F32 => count_four(bytes, 0x7f80_0000),
        Dtype::F16 => count_two(bytes, 0x7c00),
        Dtype::Bf16 => count_two(bytes, 0x7f80),
        Dtype::F8E4m3 => one(0x7f),
        Dtype::F8E5m2 => one(0x7c),
        _ => 0,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    const FLOATS: [Dtype; 6] = [
        Dtype::F64,
        Dtype::F32,
        Dtype::F16,
        Dtype::Bf16,
        Dtype::F8E4m3,
        Dtype::F8E5m2,
    ];

    #[test]
    fn every_code_of_the_small_types_is_judged_as_it_is_read() {
        let two: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let one: Vec<u8> = (0..=u8::MAX).collect();
        for dtype in &FLOATS[2..] {
            let codes = if dtype.size() == 2 { &two } else { &one };
            for bytes in codes.chunks(dtype.size()) {
                let mut value = [0f64];
                f64::decode(*dtype, bytes, &mut value);
                let expected = u64::from(!value[0].is_finite());
                assert_eq!(count_stored(*dtype, bytes), expected, "{dtype:?} {bytes:?}");
            }
        }
        // F16: two signs of 2¹⁰ codes; BF16: of 2⁷. Longer than a block.
        assert_eq!(count_stored(Dtype::F16, &two), 2 << 10);
        assert_eq!(count_stored(Dtype::Bf16, &two), 2 << 7);
    }

    #[test]
    fn overflow_of_every_type_is_counted_where_it_is_rounded_and_its_largest_value_is_not() {
        for dtype in FLOATS {
            let largest = dtype.largest();
            let values = [largest, -largest, f64::INFINITY, f64::NAN, 0.0];
            let mut bytes = vec![0; values.len() * dtype.size()];
            f64::encode(dtype, &values, &mut bytes).unwrap();
            assert_eq!(count_stored(dtype, &bytes), 2, "{dtype:?}");
            if dtype != Dtype::F64 {
                f64::encode(dtype, &[largest * 1.1; 5], &mut bytes).unwrap();
                assert_eq!(count_stored(dtype, &bytes), 5, "{dtype:?}");
            }
        }
        assert_eq!(count_stored(Dtype::I16, &[0xff; 8]), 0);
    }
}
