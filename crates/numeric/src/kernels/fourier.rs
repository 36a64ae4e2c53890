//! Discrete Fourier transforms of rows of any length: complex, real to the half of the spectrum that determines the rest, and back. The
//! transforms of a length are planned once; each row is transformed by one thread, so that bits do not depend on their number.

use std::cell::RefCell;
use std::sync::{LazyLock, Mutex};

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use rustfft::FftPlanner;

use super::split::{self, Shared};

static COMPLEX: LazyLock<Mutex<FftPlanner<f32>>> = LazyLock::new(|| Mutex::new(FftPlanner::new()));
static REAL: LazyLock<Mutex<RealFftPlanner<f32>>> =
    LazyLock::new(|| Mutex::new(RealFftPlanner::new()));

/// A planner, also after a thread has panicked with it: its plans stay whole.
fn locked<P>(planner: &Mutex<P>) -> std::sync::MutexGuard<'_, P> {
    planner
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Memory of a thread, kept from one row to the next.
#[derive(Default)]
struct Row {
    real: Vec<f32>,
    complex: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

thread_local! {
    static ROW: RefCell<Row> = RefCell::default();
}

/// Runs `work` for each row, with this thread's memory.
fn each_row(rows: usize, length: usize, work: impl Fn(usize, &mut Row) + Sync + Send) {
    let cost = length * (usize::BITS - length.leading_zeros()) as usize;
    split::each(rows, cost, |row| {
        ROW.with(|own| work(row, &mut own.borrow_mut()))
    });
}

fn sized<T: Clone + Default>(values: &mut Vec<T>, length: usize) -> &mut [T] {
    if values.len() < length {
        values.resize(length, T::default());
    }
    &mut values[..length]
}

/// Real and imaginary parts, each in an array of its own.
pub type Parts<'a> = (&'a [f32], &'a [f32]);
/// As [`Parts`], to be written.
pub type PartsMut<'a> = (&'a mut [f32], &'a mut [f32]);

/// # Safety
/// The elements lie in the array, and nothing else uses them meanwhile.
unsafe fn part<'a>(array: Shared, row: usize, width: usize) -> &'a mut [f32] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts_mut(array.at(row * width), width) }
}

/// out[k] = scale · Σ x[j] e^(∓2πi jk / length) of each row of `length`: − forward, + `inverse`.
pub fn complex(x: Parts<'_>, length: usize, inverse: bool, scale: f32, out: PartsMut<'_>) {
    let size = x.0.len();
    assert!(x.1.len() == size && out.0.len() == size && out.1.len() == size);
    if size == 0 {
        return;
    }
    assert!(size.is_multiple_of(length));
    let plan = match inverse {
        true => locked(&COMPLEX).plan_fft_inverse(length),
        false => locked(&COMPLEX).plan_fft_forward(length),
    };
    let (real, imaginary) = (Shared(out.0.as_mut_ptr()), Shared(out.1.as_mut_ptr()));
    each_row(size / length, length, |row, own| {
        let here = row * length..(row + 1) * length;
        let values = sized(&mut own.complex, length);
        for ((value, &re), &im) in values.iter_mut().zip(&x.0[here.clone()]).zip(&x.1[here]) {
            *value = Complex::new(re, im);
        }
        plan.process_with_scratch(
            values,
            sized(&mut own.scratch, plan.get_inplace_scratch_len()),
        );
        // SAFETY: each row has its own part.
        let (real, imaginary) = unsafe { (part(real, row, length), part(imaginary, row, length)) };
        for ((value, re), im) in values.iter().zip(real).zip(imaginary) {
            (*re, *im) = (value.re * scale, value.im * scale);
        }
    });
}

/// Whether element k of half a spectrum stands for another one, too.
fn is_inner(k: usize, length: usize) -> bool {
    k > 0 && 2 * k < length
}

/// The first length / 2 + 1 elements of `scale` times the transform of each real row; those that stand for two, times `inner` as well.
pub fn real(x: &[f32], length: usize, scale: f32, inner: f32, out: PartsMut<'_>) {
    let half = length / 2 + 1;
    if x.is_empty() {
        return;
    }
    let rows = x.len() / length;
    assert!(x.len() == rows * length && out.0.len() == rows * half && out.1.len() == rows * half);
    let plan = locked(&REAL).plan_fft_forward(length);
    let (real, imaginary) = (Shared(out.0.as_mut_ptr()), Shared(out.1.as_mut_ptr()));
    each_row(rows, length, |row, own| {
        let input = sized(&mut own.real, length);
        input.copy_from_slice(&x[row * length..(row + 1) * length]);
        let values = sized(&mut own.complex, half);
        let scratch = sized(&mut own.scratch, plan.get_scratch_len());
        plan.process_with_scratch(input, values, scratch)
            .expect("all lengths are those of the plan");
        // SAFETY: each row has its own part.
        let (real, imaginary) = unsafe { (part(real, row, half), part(imaginary, row, half)) };
        for (k, value) in values.iter().enumerate() {
            let factor = if is_inner(k, length) {
                scale * inner
            } else {
                scale
            };
            (real[k], imaginary[k]) = (value.re * factor, value.im * factor);
        }
    });
}

/// Real rows of `length`: `scale` times the inverse transform, not divided by the length, of the spectra whose first length / 2 + 1 elements
/// x are, after those that stand for two are multiplied by `inner`. The imaginary part of an element that stands for itself is left out.
pub fn inverse_real(x: Parts<'_>, length: usize, scale: f32, inner: f32, out: &mut [f32]) {
    let half = length / 2 + 1;
    if out.is_empty() {
        return;
    }
    let rows = out.len() / length;
    assert!(out.len() == rows * length && x.0.len() == rows * half && x.1.len() == rows * half);
    let plan = locked(&REAL).plan_fft_inverse(length);
    let out = Shared(out.as_mut_ptr());
    each_row(rows, length, |row, own| {
        let here = row * half..(row + 1) * half;
        let values = sized(&mut own.complex, half);
        for (k, (&re, &im)) in x.0[here.clone()].iter().zip(&x.1[here]).enumerate() {
            values[k] = match is_inner(k, length) {
                true => Complex::new(re * scale * inner, im * scale * inner),
                false => Complex::new(re * scale, 0.0),
            };
        }
        // SAFETY: each row has its own part.
        let row = unsafe { part(out, row, length) };
        let scratch = sized(&mut own.scratch, plan.get_scratch_len());
        plan.process_with_scratch(values, row, scratch)
            .expect("all lengths are those of the plan, and single elements are real");
    });
}

#[cfg(test)]
mod tests;
