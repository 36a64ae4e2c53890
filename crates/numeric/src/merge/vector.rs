//! The inner loops of steps: element-wise, and sums in f64. Sums run in sixteen lanes that are added in order, so every
//! instruction set gives the same bits.

use super::real::MergeReal;
use crate::kernels::simd::simd;

const LANES: usize = 16;

simd! {
    /// x ← x − y.
    pub fn subtract<T: MergeReal>(x: &mut [T], y: &[T]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x = *x - *y;
        }
    }
}

simd! {
    /// x ← x + y.
    pub fn add<T: MergeReal>(x: &mut [T], y: &[T]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x += *y;
        }
    }
}

simd! {
    /// x ← factor · x.
    pub fn multiply<T: MergeReal>(x: &mut [T], factor: T) {
        for x in x {
            *x = factor * *x;
        }
    }
}

simd! {
    /// x ← x / divisor.
    pub fn divide<T: MergeReal>(x: &mut [T], divisor: T) {
        for x in x {
            *x = *x / divisor;
        }
    }
}

simd! {
    /// sum ← sum + factor · x.
    pub fn add_scaled<T: MergeReal>(sum: &mut [T], factor: T, x: &[T]) {
        for (sum, x) in sum.iter_mut().zip(x) {
            *sum += factor * *x;
        }
    }
}

simd! {
    /// sum ← sum + factor · x, with a factor for each element.
    pub fn add_products<T: MergeReal>(sum: &mut [T], factors: &[f64], x: &[T]) {
        for ((sum, factor), x) in sum.iter_mut().zip(factors).zip(x) {
            *sum += T::from_f64(*factor) * *x;
        }
    }
}

simd! {
    /// x ← x · min(1, limit / max(|x|, smallest)).
    pub fn clip<T: MergeReal>(x: &mut [T], limit: T, smallest: T) {
        for x in x {
            let size = x.abs();
            let size = if size < smallest { smallest } else { size };
            if size > limit {
                *x = *x * (limit / size);
            }
        }
    }
}

simd! {
    /// Sets to zero what is no larger than the threshold.
    pub fn keep_above<T: MergeReal>(x: &mut [T], threshold: T) {
        for x in x {
            *x = if x.abs() > threshold { *x } else { T::default() };
        }
    }
}

simd! {
    /// Sets to zero what is not of the sign of the total; zero counts as positive.
    pub fn keep_sign<T: MergeReal>(x: &mut [T], total: &[T]) {
        let zero = T::default();
        for (x, total) in x.iter_mut().zip(total) {
            let agrees = if *total >= zero { *x > zero } else { *x < zero };
            *x = if agrees { *x } else { zero };
        }
    }
}

simd! {
    /// total ← total + weight where x is not zero.
    pub fn add_present<T: MergeReal>(total: &mut [f64], weight: f64, x: &[T]) {
        for (total, x) in total.iter_mut().zip(x) {
            *total += if *x == T::default() { 0.0 } else { weight };
        }
    }
}

simd! {
    /// x ← x / divisor; divisors of a magnitude below `smallest` count as `instead`.
    pub fn divide_each<T: MergeReal>(x: &mut [T], divisors: &[f64], smallest: f64, instead: f64) {
        for (x, divisor) in x.iter_mut().zip(divisors) {
            let divisor = if divisor.abs() < smallest { instead } else { *divisor };
            *x = *x / T::from_f64(divisor);
        }
    }
}

simd! {
    /// Σ x·y.
    pub fn dot<T: MergeReal>(x: &[T], y: &[T]) -> f64 {
        let mut lanes = [0.0; LANES];
        let (xs, x_rest) = x.as_chunks::<LANES>();
        let (ys, y_rest) = y.as_chunks::<LANES>();
        for (x, y) in xs.iter().zip(ys) {
            for lane in 0..LANES {
                lanes[lane] += x[lane].to_f64() * y[lane].to_f64();
            }
        }
        for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            lanes[lane] += x.to_f64() * y.to_f64();
        }
        lanes.iter().sum()
    }
}

simd! {
    /// Σ |x|.
    pub fn sum_of_magnitudes<T: MergeReal>(x: &[T]) -> f64 {
        let mut lanes = [0.0; LANES];
        let (xs, rest) = x.as_chunks::<LANES>();
        for x in xs {
            for lane in 0..LANES {
                lanes[lane] += x[lane].abs().to_f64();
            }
        }
        for (lane, x) in rest.iter().enumerate() {
            lanes[lane] += x.abs().to_f64();
        }
        lanes.iter().sum()
    }
}

simd! {
    /// Σ (x − y)².
    pub fn squared_distance<T: MergeReal>(x: &[T], y: &[T]) -> f64 {
        let mut lanes = [0.0; LANES];
        let (xs, x_rest) = x.as_chunks::<LANES>();
        let (ys, y_rest) = y.as_chunks::<LANES>();
        for (x, y) in xs.iter().zip(ys) {
            for lane in 0..LANES {
                let difference = x[lane].to_f64() - y[lane].to_f64();
                lanes[lane] += difference * difference;
            }
        }
        for (lane, (x, y)) in x_rest.iter().zip(y_rest).enumerate() {
            let difference = x.to_f64() - y.to_f64();
            lanes[lane] += difference * difference;
        }
        lanes.iter().sum()
    }
}

simd! {
    /// Number of elements that are NaN or infinite.
    pub fn count_non_finite<T: MergeReal>(x: &[T]) -> u32 {
        x.iter().map(|x| u32::from(!x.finite())).sum()
    }
}

/// Number of elements that are not zero.
pub fn count_present<T: MergeReal>(x: &[T]) -> u64 {
    x.iter().map(|x| u64::from(*x != T::default())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_take_every_element_once() {
        let x: Vec<f32> = (1..=37).map(|i| i as f32).collect();
        let y: Vec<f32> = (1..=37)
            .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        // Σi = 37·38/2; the even ones 18·19, the odd ones 19².
        assert_eq!(sum_of_magnitudes(&x), 703.0);
        assert_eq!(dot(&x, &y), f64::from(18 * 19 - 19 * 19));
        // Σ(i ∓ 1)² = Σi² + 37 − 2·(18·19 − 19²), Σi² = 37·38·75/6.
        assert_eq!(squared_distance(&x, &y), 17575.0 + 37.0 + 38.0);
        assert_eq!(count_non_finite(&[1.0, f32::NAN, f32::NEG_INFINITY]), 2);
    }

    #[test]
    fn clipping_moves_by_the_limit_at_most() {
        let mut x = [0.5f32, -0.5, 0.25, 0.0, -4.0];
        clip(&mut x, 0.25, 0.0);
        assert_eq!(x, [0.25, -0.25, 0.25, 0.0, -0.25]);
        // A limit below the smallest size scales even what is smaller: 0.5 · 0.25/1.
        let mut x = [0.5f32];
        clip(&mut x, 0.25, 1.0);
        assert_eq!(x, [0.125]);
    }
}
