//! Between stored bytes and f32 or f64. Widening is exact where the type allows; narrowing rounds once, to nearest even.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::{Dtype, float8};
use crate::kernels::simd::simd;
use crate::{Error, Reason, Result};

/// A floating-point type that arithmetic is done in.
pub trait Real: Copy + Send + Sync + Default + bytemuck::Pod + 'static {
    /// Its storage type.
    const DTYPE: Dtype;
    /// Fills `values` from their stored little-endian bytes; the lengths agree.
    fn decode(dtype: Dtype, bytes: &[u8], values: &mut [Self]);
    /// Stores `values`; the lengths agree. Only floating-point storage types are written.
    fn encode(dtype: Dtype, values: &[Self], bytes: &mut [u8]) -> Result<()>;
    /// Neither NaN nor infinite.
    fn finite(self) -> bool;
}

/// Reads elements of `N` bytes.
#[inline(always)]
fn each<const N: usize, T>(bytes: &[u8], values: &mut [T], convert: impl Fn([u8; N]) -> T) {
    let (elements, _) = bytes.as_chunks::<N>();
    for (value, element) in values.iter_mut().zip(elements) {
        *value = convert(*element);
    }
}

/// Writes elements of `N` bytes.
#[inline(always)]
fn put<const N: usize, T: Copy>(values: &[T], bytes: &mut [u8], convert: impl Fn(T) -> [u8; N]) {
    let (elements, _) = bytes.as_chunks_mut::<N>();
    for (element, value) in elements.iter_mut().zip(values) {
        *element = convert(*value);
    }
}

/// Nearest bfloat16, ties to even; NaN stays NaN. Written out so that the compiler can vectorise it.
#[inline(always)]
pub fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1))) >> 16;
    let quiet = (bits >> 16) | 0x40;
    if value.is_nan() {
        quiet as u16
    } else {
        rounded as u16
    }
}

/// Toward the f32 with an odd last bit where inexact: rounding that once more to 22 bits or fewer gives the bits of a single
/// rounding (Boldo and Melquiond 2008, doi:10.1109/TC.2008.27). `half` itself drops the low half of an f64.
#[inline(always)]
fn to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    let back = f64::from(nearest);
    if back == value || nearest.is_nan() {
        return nearest;
    }
    // One of the two neighbours is odd; a nearest one that is even lies on the wrong side of `value` or is the even neighbour.
    if nearest.to_bits() & 1 == 1 {
        nearest
    } else if (back > value) == (value > 0.0) {
        f32::from_bits(nearest.to_bits() - 1)
    } else {
        f32::from_bits(nearest.to_bits() + 1)
    }
}

simd! {
    fn decode_bf16(bytes: &[u8], values: &mut [f32]) {
        each(bytes, values, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16));
    }
}

simd! {
    fn encode_bf16(values: &[f32], bytes: &mut [u8]) {
        put(values, bytes, |v| bf16_bits(v).to_le_bytes());
    }
}

/// Elements converted through a buffer on the stack at a time.
const BLOCK: usize = 256;

fn decode_f16(bytes: &[u8], values: &mut [f32]) {
    let mut bits = [0u16; BLOCK];
    for (block, out) in bytes.chunks(2 * BLOCK).zip(values.chunks_mut(BLOCK)) {
        each(block, &mut bits[..out.len()], u16::from_le_bytes);
        bits[..out.len()]
            .reinterpret_cast::<f16>()
            .convert_to_f32_slice(out);
    }
}

fn encode_f16(values: &[f32], bytes: &mut [u8]) {
    let mut halves = [f16::ZERO; BLOCK];
    for (block, out) in values.chunks(BLOCK).zip(bytes.chunks_mut(2 * BLOCK)) {
        halves[..block.len()].convert_from_f32_slice(block);
        put(&halves[..block.len()], out, f16::to_le_bytes);
    }
}

macro_rules! decode_rest {
    ($real:ty, $dtype:expr, $bytes:expr, $values:expr) => {
        match $dtype {
            Dtype::F64 => each($bytes, $values, |b| f64::from_le_bytes(b) as $real),
            Dtype::F32 => each($bytes, $values, |b| <$real>::from(f32::from_le_bytes(b))),
            Dtype::F16 => each($bytes, $values, |b| <$real>::from(f16::from_le_bytes(b))),
            Dtype::Bf16 => each($bytes, $values, |b| {
                <$real>::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))
            }),
            Dtype::F8E4m3 => each($bytes, $values, |[b]| <$real>::from(float8::E4M3.decode(b))),
            Dtype::F8E5m2 => each($bytes, $values, |[b]| <$real>::from(float8::E5M2.decode(b))),
            Dtype::I64 => each($bytes, $values, |b| i64::from_le_bytes(b) as $real),
            Dtype::I32 => each($bytes, $values, |b| i32::from_le_bytes(b) as $real),
            Dtype::I16 => each($bytes, $values, |b| <$real>::from(i16::from_le_bytes(b))),
            Dtype::I8 => each($bytes, $values, |b| <$real>::from(i8::from_le_bytes(b))),
            Dtype::U64 => each($bytes, $values, |b| u64::from_le_bytes(b) as $real),
            Dtype::U32 => each($bytes, $values, |b| u32::from_le_bytes(b) as $real),
            Dtype::U16 => each($bytes, $values, |b| <$real>::from(u16::from_le_bytes(b))),
            Dtype::U8 | Dtype::Bool => each($bytes, $values, |[b]| <$real>::from(b)),
        }
    };
}

fn not_written(dtype: Dtype) -> Error {
    Error::new(
        Reason::UnsupportedDtype,
        format!("numbers are not written as {}", dtype.name()),
    )
}

impl Real for f32 {
    const DTYPE: Dtype = Dtype::F32;

    fn decode(dtype: Dtype, bytes: &[u8], values: &mut [f32]) {
        match dtype {
            Dtype::F16 => decode_f16(bytes, values),
            Dtype::Bf16 => decode_bf16(bytes, values),
            other => decode_rest!(f32, other, bytes, values),
        }
    }

    fn encode(dtype: Dtype, values: &[f32], bytes: &mut [u8]) -> Result<()> {
        match dtype {
            Dtype::F64 => put(values, bytes, |v| f64::from(v).to_le_bytes()),
            Dtype::F32 => put(values, bytes, f32::to_le_bytes),
            Dtype::F16 => encode_f16(values, bytes),
            Dtype::Bf16 => encode_bf16(values, bytes),
            Dtype::F8E4m3 => put(values, bytes, |v| [float8::E4M3.encode(f64::from(v))]),
            Dtype::F8E5m2 => put(values, bytes, |v| [float8::E5M2.encode(f64::from(v))]),
            other => return Err(not_written(other)),
        }
        Ok(())
    }

    fn finite(self) -> bool {
        self.is_finite()
    }
}

impl Real for f64 {
    const DTYPE: Dtype = Dtype::F64;

    fn decode(dtype: Dtype, bytes: &[u8], values: &mut [f64]) {
        decode_rest!(f64, dtype, bytes, values);
    }

    // Straight from f64: through f32 a value could be rounded twice.
    fn encode(dtype: Dtype, values: &[f64], bytes: &mut [u8]) -> Result<()> {
        match dtype {
            Dtype::F64 => put(values, bytes, f64::to_le_bytes),
            Dtype::F32 => put(values, bytes, |v| (v as f32).to_le_bytes()),
            Dtype::F16 => put(values, bytes, |v| f16::from_f32(to_odd(v)).to_le_bytes()),
            Dtype::Bf16 => put(values, bytes, |v| bf16_bits(to_odd(v)).to_le_bytes()),
            Dtype::F8E4m3 => put(values, bytes, |v| [float8::E4M3.encode(v)]),
            Dtype::F8E5m2 => put(values, bytes, |v| [float8::E5M2.encode(v)]),
            other => return Err(not_written(other)),
        }
        Ok(())
    }

    fn finite(self) -> bool {
        self.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    fn stored(dtype: Dtype, values: &[f32]) -> Vec<f32> {
        let mut bytes = vec![0; values.len() * dtype.size()];
        f32::encode(dtype, values, &mut bytes).unwrap();
        let mut back = vec![0.0; values.len()];
        f32::decode(dtype, &bytes, &mut back);
        back
    }

    // 1 + 2⁻⁸ lies halfway between the bfloat16 neighbours 1 and 1 + 2⁻⁷; 1 + 3·2⁻⁸ between 1 + 2⁻⁷ and 1 + 2⁻⁶.
    #[test]
    fn bf16_ties_go_to_even() {
        let step = 2f32.powi(-8);
        assert_eq!(
            stored(Dtype::Bf16, &[1.0 + step, 1.0 + 3.0 * step]),
            [1.0, 1.0 + 4.0 * step]
        );
    }

    #[test]
    fn bf16_agrees_with_half_on_every_kind_of_value() {
        for high in 0..=0xffffu32 {
            for low in [0u32, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
                let value = f32::from_bits(high << 16 | low);
                let expected = bf16::from_f32(value);
                if value.is_nan() {
                    assert!(bf16::from_bits(bf16_bits(value)).is_nan());
                } else {
                    assert_eq!(bf16_bits(value), expected.to_bits(), "{value}");
                }
            }
        }
    }

    #[test]
    fn f16_overflows_to_infinity_and_keeps_subnormals() {
        let smallest = 2f32.powi(-24);
        assert_eq!(
            stored(Dtype::F16, &[65520.0, -smallest]),
            [f32::INFINITY, -smallest]
        );
    }

    // 1 + 2⁻⁸ + 2⁻³⁰ is above the tie, but rounds to the tie in f32: two roundings would give 1, one gives 1 + 2⁻⁷.
    #[test]
    fn f64_is_rounded_once() {
        let mut bytes = [0; 2];
        f64::encode(
            Dtype::Bf16,
            &[1.0 + 2f64.powi(-8) + 2f64.powi(-30)],
            &mut bytes,
        )
        .unwrap();
        let mut back = [0.0];
        f64::decode(Dtype::Bf16, &bytes, &mut back);
        assert_eq!(back, [1.0 + 2f64.powi(-7)]);
    }

    #[test]
    fn integers_are_read_and_never_written() {
        let mut values = [0f64; 2];
        f64::decode(Dtype::I16, &[0xff, 0xff, 0x00, 0x80], &mut values);
        assert_eq!(values, [-1.0, -32768.0]);
        assert_eq!(
            f32::encode(Dtype::I8, &[1.0], &mut [0]).unwrap_err().reason,
            Reason::UnsupportedDtype
        );
    }
}
