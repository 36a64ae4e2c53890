//! Elementary functions in forms that vectorise: no branch, no table, and fused multiply-add, which is slow where the processor has none.

/// e^x within 2 units in the last place; overflows to infinity, NaN stays.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    // ln 2 in two parts, the first with few enough bits that n times it is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // 1.5 · 2^23: adding it leaves the rounded whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let bounded = if x > 89.0 { 89.0 } else { x };
    let bounded = if bounded < -104.0 { -104.0 } else { bounded };
    let shifted = bounded.mul_add(LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, bounded));
    // Taylor to the seventh power: below 6e-9 for |r| ≤ ln 2 / 2.
    let p: f32 = 1.0 / 5040.0;
    let p = p.mul_add(r, 1.0 / 720.0);
    let p = p.mul_add(r, 1.0 / 120.0);
    let p = p.mul_add(r, 1.0 / 24.0);
    let p = p.mul_add(r, 1.0 / 6.0);
    let p = p.mul_add(r, 0.5);
    let p = p.mul_add(r, 1.0);
    let p = p.mul_add(r, 1.0);
    // 2^n in two factors, so that neither leaves the range of normal numbers.
    let whole = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = whole >> 1;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    p * power(half) * power(whole.wrapping_sub(half))
}

/// e^(−t²/2) and Φ(−t) for t ≥ 0. The ratio of the two is a polynomial in 1 / (1 + 0.27 t), fitted by
/// tests/golden/kernels/fit_normal_tail.py with a relative error of 2e-8 (2e-7 in f32) for t ≤ 14, where Φ(−t) underflows.
#[inline(always)]
#[allow(clippy::excessive_precision)] // As fitted, nine digits each.
pub fn normal_tail(t: f32) -> (f32, f32) {
    let t = if t > 14.0 { 14.0 } else { t };
    let u = 1.0 / t.mul_add(0.27, 1.0);
    let p: f32 = 2.757_796_7e-2;
    let p = p.mul_add(u, -1.190_700_8e-1);
    let p = p.mul_add(u, 1.525_969_1e-1);
    let p = p.mul_add(u, -4.665_327_2e-2);
    let p = p.mul_add(u, 8.939_863_5e-2);
    let p = p.mul_add(u, 8.174_452e-2);
    let p = p.mul_add(u, 9.853_256e-2);
    let p = p.mul_add(u, 1.082_284_5e-1);
    let p = p.mul_add(u, 1.076_402_9e-1);
    let p = p.mul_add(u, 4.019_891_7e-6);
    let bell = exp(-0.5 * t * t);
    (bell, bell * p)
}

/// x Φ(x).
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let (_, tail) = normal_tail(x.abs());
    // NaN takes the second branch and stays.
    let phi = if x < 0.0 { tail } else { 1.0 - tail };
    let y = x * phi;
    if x < -14.0 { 0.0 } else { y }
}

/// d gelu / dx = Φ(x) + x φ(x).
#[inline(always)]
pub fn gelu_slope(x: f32) -> f32 {
    const INVERSE_ROOT_TAU: f32 = 0.398_942_3;
    let (bell, tail) = normal_tail(x.abs());
    let phi = if x < 0.0 { tail } else { 1.0 - tail };
    // Beyond 14 the bell is below 1e-42; x is bounded so that infinity gives a slope of 1 or 0, not NaN.
    let near = if x > 14.0 { 14.0 } else { x };
    let near = if near < -14.0 { -14.0 } else { near };
    (near * INVERSE_ROOT_TAU).mul_add(bell, phi)
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh, by its series near 0, where the quotient would cancel.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    let far = ((1.0 - e) / (1.0 + e)).copysign(x);
    let s = x * x;
    let near =
        x * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))));
    if x.abs() < 0.15 { near } else { far }
}

/// erf, by its series near 0.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    const TWO_OVER_ROOT_PI: f32 = std::f32::consts::FRAC_2_SQRT_PI;
    let (_, tail) = normal_tail(x.abs() * std::f32::consts::SQRT_2);
    let far = (1.0 - 2.0 * tail).copysign(x);
    let s = x * x;
    let near = TWO_OVER_ROOT_PI
        * x
        * (1.0 + s * (-1.0 / 3.0 + s * (0.1 + s * (-1.0 / 42.0 + s * (1.0 / 216.0)))));
    if x.abs() < 0.3 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        for i in -103_000..88_700 {
            let x = i as f32 * 1e-3;
            let exact = f64::from(x).exp();
            let unit = f64::from(f32::EPSILON) * exact.max(f64::from(f32::MIN_POSITIVE));
            assert!(
                (f64::from(exp(x)) - exact).abs() <= 1.5 * unit,
                "exp({x}) = {}",
                exp(x)
            );
        }
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(f32::NAN).is_nan());
    }

    // Values by mpmath: x ncdf(x), erf(x), tanh(x) at 20 digits.
    #[test]
    fn known_values() {
        let close = |a: f32, b: f64| assert!((f64::from(a) - b).abs() <= 4e-7 * b.abs(), "{a} {b}");
        close(gelu(1.0), 0.841_344_746_068_542_9);
        close(gelu(-3.0), -0.004_049_694_094_890_3);
        close(gelu(0.01), 0.005_039_893_561_458_8);
        close(erf(0.5), 0.520_499_877_813_046_5);
        close(erf(-0.29), -0.318_283_495_860_952);
        close(erf(1e-3), 0.001_128_378_791_000_0);
        close(tanh(0.2), 0.197_375_320_224_904);
        close(tanh(1e-3), 9.999_996_666_668_0e-4);
        close(tanh(-2.0), -0.964_027_580_075_816_9);
        assert_eq!(
            (gelu(f32::INFINITY), gelu(f32::NEG_INFINITY)),
            (f32::INFINITY, 0.0)
        );
        assert_eq!((gelu_slope(f32::INFINITY), gelu_slope(0.0)), (1.0, 0.5));
        assert!(gelu(f32::NAN).is_nan() && gelu_slope(f32::NAN).is_nan());
        assert!(tanh(f32::NAN).is_nan() && erf(f32::NAN).is_nan());
    }
}
