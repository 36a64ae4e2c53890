//! The operators of a number, passed through.

use std::fmt;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

use faer::traits::num_traits::{Num, One, Zero};

use super::Watched;
use crate::linalg::Scalar;

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl<T: Scalar> $trait for Watched<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Watched($trait::$method(self.0, other.0))
            }
        }
        impl<T: Scalar> $trait<&Self> for Watched<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: &Self) -> Self {
                Watched($trait::$method(self.0, other.0))
            }
        }
        impl<T: Scalar> $trait for &Watched<T> {
            type Output = Watched<T>;
            #[inline(always)]
            fn $method(self, other: Self) -> Watched<T> {
                Watched($trait::$method(self.0, other.0))
            }
        }
        impl<T: Scalar> $trait<Watched<T>> for &Watched<T> {
            type Output = Watched<T>;
            #[inline(always)]
            fn $method(self, other: Watched<T>) -> Watched<T> {
                Watched($trait::$method(self.0, other.0))
            }
        }
        impl<T: Scalar> $assign for Watched<T> {
            #[inline(always)]
            fn $assign_method(&mut self, other: Self) {
                self.0 = $trait::$method(self.0, other.0);
            }
        }
        impl<T: Scalar> $assign<&Self> for Watched<T> {
            #[inline(always)]
            fn $assign_method(&mut self, other: &Self) {
                self.0 = $trait::$method(self.0, other.0);
            }
        }
    };
}

operator!(Add, add, AddAssign, add_assign);
operator!(Sub, sub, SubAssign, sub_assign);
operator!(Mul, mul, MulAssign, mul_assign);
operator!(Div, div, DivAssign, div_assign);
operator!(Rem, rem, RemAssign, rem_assign);

impl<T: Scalar> Neg for Watched<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Watched(Neg::neg(self.0))
    }
}

impl<T: Scalar> Neg for &Watched<T> {
    type Output = Watched<T>;
    #[inline(always)]
    fn neg(self) -> Watched<T> {
        Watched(Neg::neg(self.0))
    }
}

impl<T: Scalar> fmt::Debug for Watched<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl<T: Scalar> Zero for Watched<T> {
    fn zero() -> Self {
        Watched(T::zero())
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}

impl<T: Scalar> One for Watched<T> {
    fn one() -> Self {
        Watched(T::one())
    }
}

impl<T: Scalar> Num for Watched<T> {
    type FromStrRadixErr = T::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        T::from_str_radix(text, radix).map(Watched)
    }
}
