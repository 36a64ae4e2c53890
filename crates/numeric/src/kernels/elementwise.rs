//! Element-wise functions of one or two tensors, with broadcasting, and the activations with their gradients.

use super::{scalar, simd, split};

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Unary {
    Neg,
    Exp,
    Log,
    Sqrt,
    Rsqrt,
    Square,
    Abs,
    Tanh,
    Sigmoid,
    Relu,
    Erf,
    Reciprocal,
    Gelu,
    Silu,
}

/// A function of two numbers. `GeluGradient` and `SiluGradient` take x and dy, `SwiGlu` the gate and what it lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Minimum,
    SquaredDifference,
    GeluGradient,
    SiluGradient,
    SwiGlu,
}

trait Map: Fn(f32) -> f32 + Sync {}
impl<F: Fn(f32) -> f32 + Sync> Map for F {}
trait Zip: Fn(f32, f32) -> f32 + Sync {}
impl<F: Fn(f32, f32) -> f32 + Sync> Zip for F {}

simd! {
    fn map<F: Map>(f: &F, x: &[f32], out: &mut [f32]) {
        for (y, &x) in out.iter_mut().zip(x) {
            *y = f(x);
        }
    }
}

simd! {
    /// Lengths of a and b: that of `out`, or 1.
    fn zip<F: Zip>(f: &F, a: &[f32], b: &[f32], out: &mut [f32]) {
        match (a.len() == out.len(), b.len() == out.len()) {
            (true, true) => for ((y, &a), &b) in out.iter_mut().zip(a).zip(b) { *y = f(a, b); },
            (true, false) => { let b = b[0]; for (y, &a) in out.iter_mut().zip(a) { *y = f(a, b); } }
            (false, true) => { let a = a[0]; for (y, &b) in out.iter_mut().zip(b) { *y = f(a, b); } }
            (false, false) => out.fill(f(a[0], b[0])),
        }
    }
}

/// out = f(x).
#[allow(clippy::redundant_closure)] // Closures can be marked to be inlined into each instruction set's loop.
pub fn unary(function: Unary, x: &[f32], out: &mut [f32]) {
    fn run(f: impl Map, x: &[f32], out: &mut [f32]) {
        split::rows(out, 1, |start, part| {
            map(&f, &x[start..start + part.len()], part)
        });
    }
    match function {
        Unary::Neg => run(
            #[inline(always)]
            |x| -x,
            x,
            out,
        ),
        Unary::Exp => run(
            #[inline(always)]
            |x| scalar::exp(x),
            x,
            out,
        ),
        Unary::Log => run(
            #[inline(always)]
            |x: f32| x.ln(),
            x,
            out,
        ),
        Unary::Sqrt => run(
            #[inline(always)]
            |x: f32| x.sqrt(),
            x,
            out,
        ),
        Unary::Rsqrt => run(
            #[inline(always)]
            |x: f32| 1.0 / x.sqrt(),
            x,
            out,
        ),
        Unary::Square => run(
            #[inline(always)]
            |x| x * x,
            x,
            out,
        ),
        Unary::Abs => run(
            #[inline(always)]
            |x: f32| x.abs(),
            x,
            out,
        ),
        Unary::Tanh => run(
            #[inline(always)]
            |x| scalar::tanh(x),
            x,
            out,
        ),
        Unary::Sigmoid => run(
            #[inline(always)]
            |x| scalar::sigmoid(x),
            x,
            out,
        ),
        Unary::Relu => run(
            #[inline(always)]
            |x| if x < 0.0 { 0.0 } else { x },
            x,
            out,
        ),
        Unary::Erf => run(
            #[inline(always)]
            |x| scalar::erf(x),
            x,
            out,
        ),
        Unary::Reciprocal => run(
            #[inline(always)]
            |x| 1.0 / x,
            x,
            out,
        ),
        Unary::Gelu => run(
            #[inline(always)]
            |x| scalar::gelu(x),
            x,
            out,
        ),
        Unary::Silu => run(
            #[inline(always)]
            |x| x * scalar::sigmoid(x),
            x,
            out,
        ),
    }
}

/// out = f(a, b) with broadcasting as in numpy; the shape of out follows from the shapes of a and b.
pub fn binary(
    function: Binary,
    (a, a_shape): (&[f32], &[u32]),
    (b, b_shape): (&[f32], &[u32]),
    out: &mut [f32],
) {
    let plan = Plan::new(a_shape, b_shape);
    assert_eq!(plan.length, out.len());
    let run = Run { a, b, plan: &plan };
    match function {
        Binary::Add => run.with(
            #[inline(always)]
            |a, b| a + b,
            out,
        ),
        Binary::Sub => run.with(
            #[inline(always)]
            |a, b| a - b,
            out,
        ),
        Binary::Mul => run.with(
            #[inline(always)]
            |a, b| a * b,
            out,
        ),
        Binary::Div => run.with(
            #[inline(always)]
            |a, b| a / b,
            out,
        ),
        // The first comparison takes a where it is the extreme or NaN; otherwise b, which may be NaN.
        #[allow(clippy::eq_op)]
        Binary::Maximum => run.with(
            #[inline(always)]
            |a, b| if a > b || a != a { a } else { b },
            out,
        ),
        #[allow(clippy::eq_op)]
        Binary::Minimum => run.with(
            #[inline(always)]
            |a, b| if a < b || a != a { a } else { b },
            out,
        ),
        Binary::SquaredDifference => run.with(
            #[inline(always)]
            |a, b| (a - b) * (a - b),
            out,
        ),
        Binary::GeluGradient => run.with(
            #[inline(always)]
            |x, dy| dy * scalar::gelu_slope(x),
            out,
        ),
        Binary::SiluGradient => run.with(
            #[inline(always)]
            |x, dy| {
                let s = scalar::sigmoid(x);
                dy * s * (1.0 + x * (1.0 - s))
            },
            out,
        ),
        Binary::SwiGlu => run.with(
            #[inline(always)]
            |gate, up| gate * scalar::sigmoid(gate) * up,
            out,
        ),
    }
}

simd! {
    fn swiglu_slopes(gate: &[f32], up: &[f32], dy: &[f32], dgate: &mut [f32], dup: &mut [f32]) {
        for ((((x, up), dy), dgate), dup) in gate.iter().zip(up).zip(dy).zip(dgate).zip(dup) {
            let s = scalar::sigmoid(*x);
            *dgate = dy * up * (s * (1.0 + x * (1.0 - s)));
            *dup = dy * (x * s);
        }
    }
}

/// The gradients of gate · σ(gate) · up with respect to gate and up, all of one length.
pub fn swiglu_gradient(
    gate: &[f32],
    up: &[f32],
    dy: &[f32],
    (dgate, dup): (&mut [f32], &mut [f32]),
) {
    let length = gate.len();
    assert!([up.len(), dy.len(), dgate.len(), dup.len()] == [length; 4]);
    let other = split::Shared(dup.as_mut_ptr());
    split::rows(dgate, 1, |start, dgate| {
        let here = start..start + dgate.len();
        // SAFETY: each part has its own elements of both results.
        let dup = unsafe { std::slice::from_raw_parts_mut(other.at(start), dgate.len()) };
        swiglu_slopes(
            &gate[here.clone()],
            &up[here.clone()],
            &dy[here],
            dgate,
            dup,
        );
    });
}

struct Run<'a> {
    a: &'a [f32],
    b: &'a [f32],
    plan: &'a Plan,
}

impl Run<'_> {
    fn with(&self, f: impl Zip, out: &mut [f32]) {
        let plan = self.plan;
        let Some(&(width, wide_a, wide_b)) = plan.axes.last() else {
            return zip(&f, self.a, self.b, out);
        };
        let take = |x, at: usize, wide: bool, start: usize, length: usize| -> &[f32] {
            let x: &[f32] = x;
            if wide {
                &x[at + start..at + start + length]
            } else {
                &x[at..=at]
            }
        };
        if plan.axes.len() == 1 {
            return split::rows(out, 1, |start, part| {
                let length = part.len();
                zip(
                    &f,
                    take(self.a, 0, wide_a, start, length),
                    take(self.b, 0, wide_b, start, length),
                    part,
                );
            });
        }
        split::rows(out, width, |start, part| {
            for (i, row) in part.chunks_exact_mut(width).enumerate() {
                let (at_a, at_b) = plan.offsets(start + i);
                zip(
                    &f,
                    take(self.a, at_a, wide_a, 0, width),
                    take(self.b, at_b, wide_b, 0, width),
                    row,
                );
            }
        });
    }
}

/// The axes of a broadcast, merged where both operands allow: (size, a moves along it, b moves along it).
struct Plan {
    axes: Vec<(usize, bool, bool)>,
    length: usize,
}

impl Plan {
    fn new(a: &[u32], b: &[u32]) -> Self {
        let rank = a.len().max(b.len());
        let size = |shape: &[u32], axis: usize| {
            (axis + shape.len())
                .checked_sub(rank)
                .map_or(1, |i| shape[i] as usize)
        };
        let mut axes: Vec<(usize, bool, bool)> = Vec::new();
        let mut length = 1;
        for axis in 0..rank {
            let (x, y) = (size(a, axis), size(b, axis));
            assert!(x == y || x == 1 || y == 1);
            let n = if x == 1 { y } else { x };
            length *= n;
            if n == 1 {
                continue;
            }
            let moves = (x != 1, y != 1);
            match axes.last_mut() {
                Some(last) if (last.1, last.2) == moves => last.0 *= n,
                _ => axes.push((n, moves.0, moves.1)),
            }
        }
        Self { axes, length }
    }

    /// Where the operands' parts for row `row` of the output begin; a row is the last axis.
    fn offsets(&self, mut row: usize) -> (usize, usize) {
        let (&(width, wide_a, wide_b), outer) = self.axes.split_last().expect("two axes or more");
        let (mut step_a, mut step_b) = (
            if wide_a { width } else { 1 },
            if wide_b { width } else { 1 },
        );
        let (mut at_a, mut at_b) = (0, 0);
        for &(size, moves_a, moves_b) in outer.iter().rev() {
            let index = row % size;
            row /= size;
            if moves_a {
                at_a += index * step_a;
                step_a *= size;
            }
            if moves_b {
                at_b += index * step_b;
                step_b *= size;
            }
        }
        (at_a, at_b)
    }
}
