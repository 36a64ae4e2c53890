//! Storage types of safetensors.

/// How a tensor's elements are stored. Little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dtype {
    /// IEEE 754 binary64.
    F64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// bfloat16.
    Bf16,
    /// 8-bit float, 4 exponent bits, no infinity (OCP E4M3, `float8_e4m3fn`).
    F8E4m3,
    /// 8-bit float, 5 exponent bits (OCP E5M2).
    F8E5m2,
    /// Signed integers.
    I64,
    /// Signed integers.
    I32,
    /// Signed integers.
    I16,
    /// Signed integers.
    I8,
    /// Unsigned integers.
    U64,
    /// Unsigned integers.
    U32,
    /// Unsigned integers.
    U16,
    /// Unsigned integers.
    U8,
    /// One byte, 0 or 1.
    Bool,
}

const NAMES: [(&str, Dtype); 15] = [
    ("F64", Dtype::F64),
    ("F32", Dtype::F32),
    ("F16", Dtype::F16),
    ("BF16", Dtype::Bf16),
    ("F8_E4M3", Dtype::F8E4m3),
    ("F8_E5M2", Dtype::F8E5m2),
    ("I64", Dtype::I64),
    ("I32", Dtype::I32),
    ("I16", Dtype::I16),
    ("I8", Dtype::I8),
    ("U64", Dtype::U64),
    ("U32", Dtype::U32),
    ("U16", Dtype::U16),
    ("U8", Dtype::U8),
    ("BOOL", Dtype::Bool),
];

impl Dtype {
    /// The type that safetensors calls `name`.
    pub fn from_name(name: &str) -> Option<Dtype> {
        NAMES
            .iter()
            .find_map(|(n, dtype)| (*n == name).then_some(*dtype))
    }

    /// The name in safetensors.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find_map(|(n, dtype)| (*dtype == self).then_some(*n))
            .unwrap_or("?")
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Dtype::F64 | Dtype::I64 | Dtype::U64 => 8,
            Dtype::F32 | Dtype::I32 | Dtype::U32 => 4,
            Dtype::F16 | Dtype::Bf16 | Dtype::I16 | Dtype::U16 => 2,
            Dtype::F8E4m3 | Dtype::F8E5m2 | Dtype::I8 | Dtype::U8 | Dtype::Bool => 1,
        }
    }

    /// The largest finite number of a floating-point type; infinity for the others, whose range is never left by rounding.
    pub fn largest(self) -> f64 {
        match self {
            Dtype::F64 => f64::MAX,
            Dtype::F32 => f64::from(f32::MAX),
            Dtype::F16 => half::f16::MAX.to_f64(),
            Dtype::Bf16 => half::bf16::MAX.to_f64(),
            Dtype::F8E4m3 => 448.0,
            Dtype::F8E5m2 => 57344.0,
            _ => f64::INFINITY,
        }
    }

    /// Whether elements are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(
            self,
            Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16 | Dtype::F8E4m3 | Dtype::F8E5m2
        )
    }
}
