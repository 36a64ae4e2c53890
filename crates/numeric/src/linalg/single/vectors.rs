//! One vector against many: the sums that a reduction needs for every column. Many vectors lie `stride` elements apart.

use crate::kernels::simd::simd;

const LANES: usize = 16;

/// Vectors that share each load of the one.
const DOTS: usize = 4;

/// Vectors that share each load and store of the one.
const TERMS: usize = 8;

simd! {
    /// out[k] = Σᵢ vₖ[i] · x[i]; the vectors begin at vectors[k · stride]. Sums run in lanes, in an order that the length fixes.
    pub(super) fn dots(vectors: &[f32], stride: usize, x: &[f32], out: &mut [f32]) {
        let vector = |k: usize| &vectors[k * stride..][..x.len()];
        let whole = out.len() / DOTS * DOTS;
        for k in (0..whole).step_by(DOTS) {
            let sums = four_sums([vector(k), vector(k + 1), vector(k + 2), vector(k + 3)], x);
            out[k..k + DOTS].copy_from_slice(&sums);
        }
        for (k, out) in out.iter_mut().enumerate().skip(whole) {
            *out = sum(vector(k), x);
        }
    }
}

simd! {
    /// x[i] += Σₖ factors[k] · vₖ[i], k in order.
    pub(super) fn add(vectors: &[f32], stride: usize, factors: &[f32], x: &mut [f32]) {
        let length = x.len();
        let vector = |k: usize| &vectors[k * stride..][..length];
        let whole = factors.len() / TERMS * TERMS;
        for k in (0..whole).step_by(TERMS) {
            let [a, b, c, d] = [vector(k), vector(k + 1), vector(k + 2), vector(k + 3)];
            let [e, f, g, h] = [vector(k + 4), vector(k + 5), vector(k + 6), vector(k + 7)];
            let by = &factors[k..k + TERMS];
            for i in 0..length {
                let mut sum = x[i];
                sum += by[0] * a[i];
                sum += by[1] * b[i];
                sum += by[2] * c[i];
                sum += by[3] * d[i];
                sum += by[4] * e[i];
                sum += by[5] * f[i];
                sum += by[6] * g[i];
                sum += by[7] * h[i];
                x[i] = sum;
            }
        }
        for (k, by) in factors.iter().enumerate().skip(whole) {
            let a = vector(k);
            for i in 0..length {
                x[i] += by * a[i];
            }
        }
    }
}

#[inline(always)]
fn four_sums([a, b, c, d]: [&[f32]; DOTS], x: &[f32]) -> [f32; DOTS] {
    let mut of_a = [0.0f32; LANES];
    let (mut of_b, mut of_c, mut of_d) = (of_a, of_a, of_a);
    let whole = x.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let end = start + LANES;
        let x = &x[start..end];
        let (a, b, c, d) = (
            &a[start..end],
            &b[start..end],
            &c[start..end],
            &d[start..end],
        );
        for i in 0..LANES {
            of_a[i] += a[i] * x[i];
        }
        for i in 0..LANES {
            of_b[i] += b[i] * x[i];
        }
        for i in 0..LANES {
            of_c[i] += c[i] * x[i];
        }
        for i in 0..LANES {
            of_d[i] += d[i] * x[i];
        }
    }
    let rest = &x[whole..];
    [
        folded(of_a, &a[whole..], rest),
        folded(of_b, &b[whole..], rest),
        folded(of_c, &c[whole..], rest),
        folded(of_d, &d[whole..], rest),
    ]
}

#[inline(always)]
fn sum(a: &[f32], x: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let whole = x.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let (a, x) = (&a[start..start + LANES], &x[start..start + LANES]);
        for i in 0..LANES {
            lanes[i] += a[i] * x[i];
        }
    }
    folded(lanes, &a[whole..], &x[whole..])
}

/// The sum of the lanes and of what fills none of them.
#[inline(always)]
fn folded(mut lanes: [f32; LANES], a: &[f32], x: &[f32]) -> f32 {
    for half in [8, 4, 2, 1] {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
    }
    lanes[0] + a.iter().zip(x).map(|(a, x)| a * x).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::testing::normal;

    #[test]
    fn sums_are_those_of_the_definition() {
        for (count, length, start) in [(1, 1, 0), (4, 16, 0), (11, 100, 3), (8, 37, 5)] {
            let vectors = normal::<f32>(count, start + length, 1);
            let x = normal::<f32>(1, length, 2).data;
            let factors = normal::<f32>(1, count, 3).data;
            let stride = start + length;
            let mut found = vec![0.0; count];
            dots(&vectors.data[start..], stride, &x, &mut found);
            let mut y = x.clone();
            add(&vectors.data[start..], stride, &factors, &mut y);
            let at = |k: usize, i: usize| f64::from(vectors.data[k * stride + start + i]);
            for (k, found) in found.iter().enumerate() {
                let sum: f64 = (0..length).map(|i| at(k, i) * f64::from(x[i])).sum();
                assert!((f64::from(*found) - sum).abs() < 1e-5, "{found} {sum}");
            }
            for (i, found) in y.iter().enumerate() {
                let sum: f64 = (0..count).map(|k| at(k, i) * f64::from(factors[k])).sum();
                let sum = sum + f64::from(x[i]);
                assert!((f64::from(*found) - sum).abs() < 1e-5, "{found} {sum}");
            }
        }
    }
}
