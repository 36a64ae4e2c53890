//! Both precisions behind one JavaScript function.

use std::ops::Deref;

use eigenloom_numeric::linalg::{Matrix, Scalar};
use napi::bindgen_prelude::{Either, Float32Array, Float64Array};
use napi_derive::napi;

/// The array of either precision.
#[napi]
pub type RealArray = Either<Float32Array, Float64Array>;

/// A precision with its JavaScript array.
pub trait Element: Scalar {
    fn wrap(values: Vec<Self>) -> RealArray;
}

impl Element for f32 {
    fn wrap(values: Vec<Self>) -> RealArray {
        Either::A(Float32Array::new(values))
    }
}

impl Element for f64 {
    fn wrap(values: Vec<Self>) -> RealArray {
        Either::B(Float64Array::new(values))
    }
}

/// The typed array of a precision, readable on any thread.
pub trait Elements<T>: Deref<Target = [T]> + Send + 'static {}

impl Elements<f32> for Float32Array {}
impl Elements<f64> for Float64Array {}

/// `Matrix` of packages/numeric.
#[napi(object)]
pub struct NativeMatrix {
    pub rows: u32,
    pub columns: u32,
    pub data: RealArray,
}

impl NativeMatrix {
    pub fn shape(&self) -> (usize, usize) {
        (self.rows as usize, self.columns as usize)
    }
}

impl<T: Element> From<Matrix<T>> for NativeMatrix {
    fn from(matrix: Matrix<T>) -> Self {
        Self {
            rows: matrix.rows as u32,
            columns: matrix.columns as u32,
            data: T::wrap(matrix.data),
        }
    }
}

/// Runs the same expression for either precision.
macro_rules! each_precision {
    ($array:expr, $data:ident => $body:expr) => {
        match $array {
            napi::bindgen_prelude::Either::A($data) => $body,
            napi::bindgen_prelude::Either::B($data) => $body,
        }
    };
}
pub(super) use each_precision;
