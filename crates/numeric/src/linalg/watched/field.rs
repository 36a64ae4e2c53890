//! faer's view of a number, passed through but for the two operations that look.

use faer::traits::pulp::Simd;
use faer::traits::{ComplexField, RealField, SimdCapabilities};

use super::{Watched, look};
use crate::linalg::Scalar;

macro_rules! constants {
    ($($name:ident)*) => {
        $(#[inline(always)]
        fn $name() -> Self {
            Watched(T::$name())
        })*
    };
}

macro_rules! unary {
    ($($name:ident)*) => {
        $(#[inline(always)]
        fn $name(value: &Self) -> Self {
            Watched(T::$name(&value.0))
        })*
    };
}

macro_rules! binary {
    ($($name:ident)*) => {
        $(#[inline(always)]
        fn $name(left: &Self, right: &Self) -> Self {
            Watched(T::$name(&left.0, &right.0))
        })*
    };
}

macro_rules! vectors {
    ($($name:ident($($argument:ident: $type:ident),*) -> $result:ident;)*) => {
        $(#[inline(always)]
        fn $name<S: Simd>(ctx: &Self::SimdCtx<S>, $($argument: Self::$type<S>),*) -> Self::$result<S> {
            T::$name(ctx, $($argument),*)
        })*
    };
}

impl<T: Scalar> ComplexField for Watched<T> {
    const IS_REAL: bool = true;
    const IS_NATIVE_F32: bool = T::IS_NATIVE_F32;
    const IS_NATIVE_F64: bool = T::IS_NATIVE_F64;
    const SIMD_CAPABILITIES: SimdCapabilities = T::SIMD_CAPABILITIES;

    type Arch = T::Arch;
    type Unit = T;
    type SimdCtx<S: Simd> = T::SimdCtx<S>;
    type Index = T::Index;
    type Real = Self;
    type SimdMask<S: Simd> = T::SimdMask<S>;
    type SimdMemMask<S: Simd> = T::SimdMemMask<S>;
    type SimdVec<S: Simd> = T::SimdVec<S>;
    type SimdIndex<S: Simd> = T::SimdIndex<S>;

    constants!(zero_impl one_impl nan_impl infinity_impl);
    unary!(from_real_impl real_part_impl imag_part_impl copy_impl conj_impl abs_impl abs1_impl abs2_impl);
    binary!(mul_real_impl mul_pow2_impl);

    #[inline(always)]
    fn recip_impl(value: &Self) -> Self {
        look();
        Watched(T::recip_impl(&value.0))
    }

    #[inline(always)]
    fn sqrt_impl(value: &Self) -> Self {
        look();
        Watched(T::sqrt_impl(&value.0))
    }

    #[inline(always)]
    fn from_f64_impl(real: f64) -> Self {
        Watched(T::from_f64_impl(real))
    }

    #[inline(always)]
    fn is_finite_impl(value: &Self) -> bool {
        T::is_finite_impl(&value.0)
    }

    #[inline(always)]
    fn simd_ctx<S: Simd>(simd: S) -> Self::SimdCtx<S> {
        T::simd_ctx(simd)
    }

    #[inline(always)]
    fn ctx_from_simd<S: Simd>(ctx: &Self::SimdCtx<S>) -> S {
        T::ctx_from_simd(ctx)
    }

    #[inline(always)]
    fn simd_mask_between<S: Simd>(
        ctx: &Self::SimdCtx<S>,
        start: Self::Index,
        end: Self::Index,
    ) -> Self::SimdMask<S> {
        T::simd_mask_between(ctx, start, end)
    }

    #[inline(always)]
    fn simd_mem_mask_between<S: Simd>(
        ctx: &Self::SimdCtx<S>,
        start: Self::Index,
        end: Self::Index,
    ) -> Self::SimdMemMask<S> {
        T::simd_mem_mask_between(ctx, start, end)
    }

    #[inline(always)]
    unsafe fn simd_mask_load_raw<S: Simd>(
        ctx: &Self::SimdCtx<S>,
        mask: Self::SimdMemMask<S>,
        ptr: *const Self::SimdVec<S>,
    ) -> Self::SimdVec<S> {
        // SAFETY: the caller's promise is the same.
        unsafe { T::simd_mask_load_raw(ctx, mask, ptr) }
    }

    #[inline(always)]
    unsafe fn simd_mask_store_raw<S: Simd>(
        ctx: &Self::SimdCtx<S>,
        mask: Self::SimdMemMask<S>,
        ptr: *mut Self::SimdVec<S>,
        values: Self::SimdVec<S>,
    ) {
        // SAFETY: the caller's promise is the same.
        unsafe { T::simd_mask_store_raw(ctx, mask, ptr, values) }
    }

    #[inline(always)]
    fn simd_splat<S: Simd>(ctx: &Self::SimdCtx<S>, value: &Self) -> Self::SimdVec<S> {
        T::simd_splat(ctx, &value.0)
    }

    #[inline(always)]
    fn simd_splat_real<S: Simd>(ctx: &Self::SimdCtx<S>, value: &Self) -> Self::SimdVec<S> {
        T::simd_splat(ctx, &value.0)
    }

    #[inline(always)]
    fn simd_reduce_sum<S: Simd>(ctx: &Self::SimdCtx<S>, value: Self::SimdVec<S>) -> Self {
        Watched(T::simd_reduce_sum(ctx, value))
    }

    #[inline(always)]
    fn simd_reduce_max<S: Simd>(ctx: &Self::SimdCtx<S>, value: Self::SimdVec<S>) -> Self {
        Watched(T::simd_reduce_max(ctx, value))
    }

    #[inline(always)]
    fn simd_index_splat<S: Simd>(ctx: &Self::SimdCtx<S>, value: Self::Index) -> Self::SimdIndex<S> {
        T::simd_index_splat(ctx, value)
    }

    #[inline(always)]
    fn simd_first_true_mask<S: Simd>(ctx: &Self::SimdCtx<S>, value: Self::SimdMask<S>) -> usize {
        T::simd_first_true_mask(ctx, value)
    }

    vectors! {
        simd_add(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_sub(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_neg(value: SimdVec) -> SimdVec;
        simd_conj(value: SimdVec) -> SimdVec;
        simd_abs1(value: SimdVec) -> SimdVec;
        simd_abs_max(value: SimdVec) -> SimdVec;
        simd_mul_real(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_mul_pow2(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_mul(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_conj_mul(left: SimdVec, right: SimdVec) -> SimdVec;
        simd_mul_add(left: SimdVec, right: SimdVec, sum: SimdVec) -> SimdVec;
        simd_conj_mul_add(left: SimdVec, right: SimdVec, sum: SimdVec) -> SimdVec;
        simd_abs2(value: SimdVec) -> SimdVec;
        simd_abs2_add(value: SimdVec, sum: SimdVec) -> SimdVec;
        simd_equal(left: SimdVec, right: SimdVec) -> SimdMask;
        simd_less_than(left: SimdVec, right: SimdVec) -> SimdMask;
        simd_less_than_or_equal(left: SimdVec, right: SimdVec) -> SimdMask;
        simd_greater_than(left: SimdVec, right: SimdVec) -> SimdMask;
        simd_greater_than_or_equal(left: SimdVec, right: SimdVec) -> SimdMask;
        simd_select(mask: SimdMask, left: SimdVec, right: SimdVec) -> SimdVec;
        simd_index_select(mask: SimdMask, left: SimdIndex, right: SimdIndex) -> SimdIndex;
        simd_index_add(left: SimdIndex, right: SimdIndex) -> SimdIndex;
        simd_index_less_than(left: SimdIndex, right: SimdIndex) -> SimdMask;
        simd_and_mask(left: SimdMask, right: SimdMask) -> SimdMask;
        simd_or_mask(left: SimdMask, right: SimdMask) -> SimdMask;
        simd_not_mask(mask: SimdMask) -> SimdMask;
    }
}

impl<T: Scalar> RealField for Watched<T> {
    constants!(
        epsilon_impl min_positive_impl max_positive_impl sqrt_min_positive_impl sqrt_max_positive_impl
    );

    #[inline(always)]
    fn nbits_impl() -> usize {
        T::nbits_impl()
    }
}
