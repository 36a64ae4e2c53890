//! The two 8-bit floats of the OCP specification (OFP8, 2023): E4M3 without infinity, and E5M2.

use std::sync::LazyLock;

/// One of the two formats.
#[derive(Debug)]
pub struct Float8 {
    /// Value of each code.
    decode: [f32; 256],
    /// Values of the codes 0, 1, … of the positive numbers, and one past the largest where overflow begins.
    positive: Vec<f32>,
}

/// E4M3: bias 7, code 0x7f is NaN, largest value 448.
pub static E4M3: LazyLock<Float8> = LazyLock::new(|| Float8::new(3, 7, 0x7f));
/// E5M2: bias 15, code 0x7c is infinity, above it NaN, largest value 57344.
pub static E5M2: LazyLock<Float8> = LazyLock::new(|| Float8::new(2, 15, 0x7c));

impl Float8 {
    fn new(mantissa_bits: i32, bias: i32, first_special: usize) -> Self {
        let scale = (1 << mantissa_bits) as f32;
        let magnitude = |code: usize| {
            let exponent = (code >> mantissa_bits) as i32;
            let fraction = (code & ((1 << mantissa_bits) - 1)) as f32 / scale;
            match exponent {
                0 => fraction * 2f32.powi(1 - bias),
                _ => (1.0 + fraction) * 2f32.powi(exponent - bias),
            }
        };
        let positive: Vec<f32> = (0..=first_special).map(magnitude).collect();
        let mut decode = [f32::NAN; 256];
        for code in 0..first_special {
            decode[code] = positive[code];
            decode[code | 0x80] = -positive[code];
        }
        if first_special == 0x7c {
            decode[0x7c] = f32::INFINITY;
            decode[0xfc] = f32::NEG_INFINITY;
        }
        Self { decode, positive }
    }

    /// The value of a code.
    pub fn decode(&self, code: u8) -> f32 {
        self.decode[code as usize]
    }

    /// The nearest code, ties to even; beyond the range the code after the largest (E4M3: NaN, E5M2: infinity), as in PyTorch.
    pub fn encode(&self, value: f64) -> u8 {
        let sign = if value.is_sign_negative() { 0x80 } else { 0 };
        let magnitude = value.abs();
        if magnitude.is_nan() {
            return 0x7f | sign;
        }
        let above = self
            .positive
            .partition_point(|known| f64::from(*known) <= magnitude);
        if above == self.positive.len() {
            return (above - 1) as u8 | sign;
        }
        let low = above - 1;
        let middle = (f64::from(self.positive[low]) + f64::from(self.positive[above])) / 2.0;
        let up = magnitude > middle || (magnitude == middle && low % 2 == 1);
        (low + usize::from(up)) as u8 | sign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_a_round_trip() {
        for format in [&*E4M3, &*E5M2] {
            for code in 0..=255u8 {
                let value = format.decode(code);
                if !value.is_nan() {
                    assert_eq!(format.encode(f64::from(value)), code);
                }
            }
        }
    }

    // Limits of the OCP specification.
    #[test]
    fn limits_are_those_of_the_specification() {
        assert_eq!(E4M3.decode(0x7e), 448.0);
        assert_eq!(E4M3.decode(0x01), 2f32.powi(-9));
        assert_eq!(E5M2.decode(0x7b), 57344.0);
        assert_eq!(E5M2.decode(0x01), 2f32.powi(-16));
    }

    #[test]
    fn ties_go_to_even_and_overflow_leaves_the_range() {
        assert_eq!(E4M3.encode(17.0), E4M3.encode(16.0));
        assert_eq!(E4M3.encode(19.0), E4M3.encode(20.0));
        assert_eq!(E4M3.encode(464.0), 0x7e);
        assert_eq!(E4M3.encode(465.0), 0x7f);
        assert_eq!(E5M2.encode(1e9), 0x7c);
        assert_eq!(E5M2.encode(f64::NEG_INFINITY), 0xfc);
    }
}
