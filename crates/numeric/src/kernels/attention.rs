//! softmax(scale · q kᵀ) v for each head (arXiv:1706.03762, equation 1), and its gradient, which computes the probabilities again.

use super::gemm::{self, Precision, Problem, SharedScratch, Strided};
use super::norm::lane_sum;
use super::simd;
use super::softmax::softmax_in_place;
use super::split::{self, Shared};

/// Sizes and options. q is (batch, queries, heads, width); k and v are (batch, keys, kv_heads, width).
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Attention {
    pub batch: usize,
    pub queries: usize,
    pub keys: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
    pub scale: f32,
    /// Query i sees keys up to i + keys − queries.
    pub causal: bool,
    /// Of the products.
    pub precision: Precision,
}

/// Most queries handled at a time: the keys are read once for each block, and its scores stay in cache up to a few thousand keys.
const BLOCK: usize = 160;
/// Where queries see the keys before them alone, smaller blocks compute fewer scores that are hidden.
const CAUSAL_BLOCK: usize = 64;
/// Added to hidden scores; finite, so that a row without any key to see gives the mean of all values.
const MASKED: f32 = -1e9;

/// An operand by where it begins, and the elements between its rows (of a) or columns (of b) and between its terms.
fn view(data: *const f32, outer: usize, depth: usize) -> Strided {
    Strided { data, outer, depth }
}

/// What becomes of the sums: their factor, and whether they are added to what is there.
#[derive(Clone, Copy)]
struct Sums {
    scale: f32,
    add: bool,
    precision: Precision,
}

/// c = scale · a b, or added to c, on this thread; c is where it begins and the elements between its rows.
///
/// # Safety
/// The views lie inside their allocations, and nothing else uses c meanwhile.
unsafe fn product(
    (rows, columns, depth): (usize, usize, usize),
    a: Strided,
    b: Strided,
    c: (*mut f32, usize),
    Sums {
        scale,
        add,
        precision,
    }: Sums,
) {
    let problem = Problem {
        rows,
        columns,
        depth,
        precision,
        scale,
        add,
        parallel: false,
    };
    // SAFETY: the caller's promise.
    unsafe { gemm::product(problem, a, b, c, &gemm::as_it_is) };
}

simd! {
    /// Softmax of rows of scores in place; row i sees the keys below `before` + i − `behind`.
    fn softmax_of_scores(scores: &mut [f32], keys: usize, mask: &[f32], before: usize, behind: usize) {
        for (i, row) in scores.chunks_exact_mut(keys).enumerate() {
            if !mask.is_empty() {
                row.iter_mut().zip(mask).for_each(|(s, &m)| *s += (1.0 - m) * MASKED);
            }
            let visible = (before + i).saturating_sub(behind).min(keys);
            row[visible..].iter_mut().for_each(|s| *s += MASKED);
            softmax_in_place(row);
        }
    }
}

simd! {
    /// ds = p ∘ (dp − Σ p ∘ dp) of rows of `keys`, in place of dp.
    fn score_gradients(p: &[f32], dp: &mut [f32], keys: usize) {
        for (p, dp) in p.chunks_exact(keys).zip(dp.chunks_exact_mut(keys)) {
            let along = lane_sum([p, &*dp], |[p, dp]| p * dp);
            dp.iter_mut().zip(p).for_each(|(d, &p)| *d = p * (*d - along));
        }
    }
}

impl Attention {
    fn q_row(&self) -> usize {
        self.heads * self.width
    }
    /// Queries of each block but the last.
    fn block(&self) -> usize {
        let most = if self.causal { CAUSAL_BLOCK } else { BLOCK };
        self.queries.div_ceil(self.queries.div_ceil(most))
    }
    fn set(&self, scale: f32) -> Sums {
        Sums {
            scale,
            add: false,
            precision: self.precision,
        }
    }
    fn added(&self, scale: f32) -> Sums {
        Sums {
            add: true,
            ..self.set(scale)
        }
    }
    fn kv_row(&self) -> usize {
        self.kv_heads * self.width
    }

    /// The keys that some query before number `end` may give a weight, in a block of queries. Behind padding any key may get one.
    fn reach(&self, end: usize, mask: &[f32]) -> usize {
        if self.causal && mask.is_empty() && self.keys >= self.queries {
            end + self.keys - self.queries
        } else {
            self.keys
        }
    }

    /// Probabilities of `count` queries from `first` on into `p`, dense (count, reach).
    ///
    /// # Safety
    /// q and k begin at the head of this batch element.
    unsafe fn probabilities(
        &self,
        q: *const f32,
        k: *const f32,
        mask: &[f32],
        (first, count): (usize, usize),
        p: &mut [f32],
    ) {
        let reach = p.len() / count;
        // SAFETY: the caller's promise, and p has count · reach elements.
        unsafe {
            let q = view(q.add(first * self.q_row()), self.q_row(), 1);
            let sizes = (count, reach, self.width);
            let k = view(k, self.kv_row(), 1);
            product(sizes, q, k, (p.as_mut_ptr(), reach), self.set(self.scale));
        }
        let before = if self.causal {
            first + 1 + self.keys
        } else {
            self.keys + self.queries
        };
        softmax_of_scores(p, reach, mask, before, self.queries);
    }

    fn mask_of<'a>(&self, mask: Option<&'a [f32]>, batch: usize) -> &'a [f32] {
        mask.map_or(&[], |m| &m[batch * self.keys..][..self.keys])
    }

    fn check(&self, q: &[f32], k: &[f32], v: &[f32], mask: Option<&[f32]>) {
        assert!(q.len() == self.batch * self.queries * self.q_row() && k.len() == v.len());
        assert!(k.len() == self.batch * self.keys * self.kv_row());
        assert!(
            self.heads.is_multiple_of(self.kv_heads)
                && mask.is_none_or(|m| m.len() == self.batch * self.keys)
        );
    }

    /// The attention of every query → out, in the layout of q.
    pub fn forward(&self, q: &[f32], k: &[f32], v: &[f32], mask: Option<&[f32]>, out: &mut [f32]) {
        self.check(q, k, v, mask);
        assert_eq!(out.len(), q.len());
        if out.is_empty() {
            return;
        }
        if self.keys == 0 {
            return out.fill(0.0);
        }
        let shared = Shared(out.as_mut_ptr());
        let (t, d) = (self.keys, self.width);
        let block = self.block();
        split::each(self.batch * self.heads, self.queries * t * d, |part| {
            let (b, h) = (part / self.heads, part % self.heads);
            let g = h * self.kv_heads / self.heads;
            let q_at = b * self.queries * self.q_row() + h * d;
            let k_at = b * t * self.kv_row() + g * d;
            let size = block * t;
            let mut scratch = SharedScratch::of(size);
            let p = scratch.floats(size);
            for first in (0..self.queries).step_by(block) {
                let count = block.min(self.queries - first);
                let t = self.reach(first + count, self.mask_of(mask, b));
                let p = &mut p[..count * t];
                // SAFETY: check() has compared all sizes; each part writes its own head.
                unsafe {
                    self.probabilities(
                        q.as_ptr().add(q_at),
                        k.as_ptr().add(k_at),
                        self.mask_of(mask, b),
                        (first, count),
                        p,
                    );
                    let v = view(v.as_ptr().add(k_at), 1, self.kv_row());
                    let to = (shared.at(q_at + first * self.q_row()), self.q_row());
                    product((count, d, t), view(p.as_ptr(), t, 1), v, to, self.set(1.0));
                }
            }
        });
    }

    /// Gradients with respect to q, k and v into `out`, in their layouts.
    pub fn backward(
        &self,
        q: &[f32],
        k: &[f32],
        v: &[f32],
        mask: Option<&[f32]>,
        dy: &[f32],
        out: (&mut [f32], &mut [f32], &mut [f32]),
    ) {
        self.check(q, k, v, mask);
        assert!(
            dy.len() == q.len()
                && out.0.len() == q.len()
                && out.1.len() == k.len()
                && out.2.len() == k.len()
        );
        out.1.fill(0.0);
        out.2.fill(0.0);
        if self.keys == 0 || q.is_empty() {
            return out.0.fill(0.0);
        }
        let (dq, dk, dv) = (
            Shared(out.0.as_mut_ptr()),
            Shared(out.1.as_mut_ptr()),
            Shared(out.2.as_mut_ptr()),
        );
        let (t, d) = (self.keys, self.width);
        let block = self.block();
        let group = self.heads / self.kv_heads;
        let (qr, kr) = (self.q_row(), self.kv_row());
        // The query heads of one key head follow each other, so that their sums have a fixed order.
        split::each(
            self.batch * self.kv_heads,
            group * self.queries * t * d,
            |part| {
                let (b, g) = (part / self.kv_heads, part % self.kv_heads);
                let k_at = b * t * kr + g * d;
                let size = block * t;
                let mut scratch = SharedScratch::of(2 * size);
                let (p, dp) = scratch.floats(2 * size).split_at_mut(size);
                for h in g * group..(g + 1) * group {
                    let q_at = b * self.queries * qr + h * d;
                    for first in (0..self.queries).step_by(block) {
                        let count = block.min(self.queries - first);
                        let t = self.reach(first + count, self.mask_of(mask, b));
                        let (p, dp) = (&mut p[..count * t], &mut dp[..count * t]);
                        // SAFETY: check() has compared all sizes; each part writes its own key head and query heads.
                        unsafe {
                            let at = q_at + first * qr;
                            let (k, v) = (k.as_ptr().add(k_at), v.as_ptr().add(k_at));
                            self.probabilities(
                                q.as_ptr().add(q_at),
                                k,
                                self.mask_of(mask, b),
                                (first, count),
                                p,
                            );
                            let dy = dy.as_ptr().add(at);
                            // dv += pᵀ dy, dp = dy vᵀ, dq = scale · dp k, dk += scale · dpᵀ q.
                            let to = (dv.at(k_at), kr);
                            let turned = view(p.as_ptr(), 1, t);
                            product((t, d, count), turned, view(dy, 1, qr), to, self.added(1.0));
                            let to = (dp.as_mut_ptr(), t);
                            product(
                                (count, t, d),
                                view(dy, qr, 1),
                                view(v, kr, 1),
                                to,
                                self.set(1.0),
                            );
                            score_gradients(p, dp, t);
                            let to = (dq.at(at), qr);
                            let scores = view(dp.as_ptr(), t, 1);
                            product(
                                (count, d, t),
                                scores,
                                view(k, 1, kr),
                                to,
                                self.set(self.scale),
                            );
                            let to = (dk.at(k_at), kr);
                            let (turned, q) = (view(dp.as_ptr(), 1, t), q.as_ptr().add(at));
                            let sums = self.added(self.scale);
                            product((t, d, count), turned, view(q, 1, qr), to, sums);
                        }
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{numbers, with_threads};
    use super::*;

    /// out, dq, dk, dv.
    fn all(shape: &Attention) -> [Vec<f32>; 4] {
        let size = shape.batch * shape.queries * shape.q_row();
        let key_size = shape.batch * shape.keys * shape.kv_row();
        let (q, dy) = (numbers(size, 1), numbers(size, 2));
        let (k, v) = (numbers(key_size, 3), numbers(key_size, 4));
        let [mut out, mut dq] = [vec![9.0; size], vec![9.0; size]];
        let [mut dk, mut dv] = [vec![9.0; key_size], vec![9.0; key_size]];
        shape.forward(&q, &k, &v, None, &mut out);
        shape.backward(&q, &k, &v, None, &dy, (&mut dq, &mut dk, &mut dv));
        [out, dq, dk, dv]
    }

    #[test]
    fn bfloat16_products_change_little() {
        for (queries, keys, causal) in [(197, 197, false), (130, 150, true)] {
            let exact = Attention {
                batch: 2,
                queries,
                keys,
                heads: 4,
                kv_heads: 2,
                width: 32,
                scale: 0.2,
                causal,
                precision: Precision::F32,
            };
            let half = Attention {
                precision: Precision::Bf16,
                ..exact
            };
            for (exact, half) in all(&exact).iter().zip(all(&half)) {
                let size = exact.iter().map(|x| x * x).sum::<f32>().sqrt();
                let apart = exact.iter().zip(&half).map(|(x, y)| (x - y) * (x - y));
                let apart = apart.sum::<f32>().sqrt();
                // Each product rounds both operands to 8 bits.
                assert!(apart > 0.0 && apart < 0.02 * size, "{apart} of {size}");
            }
        }
    }

    #[test]
    fn threads_do_not_change_the_bits() {
        let shape = Attention {
            batch: 3,
            queries: 70,
            keys: 70,
            heads: 4,
            kv_heads: 2,
            width: 24,
            scale: 0.2,
            causal: true,
            precision: Precision::Bf16,
        };
        let on = |threads| with_threads(threads, || all(&shape));
        assert_eq!(on(1), on(3));
    }
}
