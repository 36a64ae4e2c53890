//! Minimisation over one number: a grid, then the simplex of Nelder & Mead 1965 from the best grid point.

/// Stop when both the places and the values of the simplex are this close.
const TOLERANCE: f64 = 1e-4;
/// First step, as a share of the starting place.
const FIRST_STEP: f64 = 0.05;
/// Evaluations after which the search stops where it is.
const EVALUATIONS: usize = 200;

/// Smallest of `f` on from, from + step, … below `to`; the first wins.
pub(super) fn grid(f: impl Fn(f64) -> f64, from: f64, to: f64, step: f64) -> f64 {
    let count = ((to - from) / step).ceil() as usize;
    let mut best = (from, f64::INFINITY);
    for i in 0..count {
        let x = from + i as f64 * step;
        let value = f(x);
        if value < best.1 {
            best = (x, value);
        }
    }
    best.0
}

/// Nelder-Mead in one dimension: two points, reflection 1, expansion 2, contraction and shrinkage 1/2.
pub(super) fn nelder_mead(f: impl Fn(f64) -> f64, start: f64) -> f64 {
    let at = |x: f64| (x, f(x));
    let mut best = at(start);
    let mut worst = at(start * (1.0 + FIRST_STEP));
    if worst.1 < best.1 {
        std::mem::swap(&mut best, &mut worst);
    }
    let mut evaluations = 2;
    while ((worst.0 - best.0).abs() > TOLERANCE || (worst.1 - best.1).abs() > TOLERANCE)
        && evaluations < EVALUATIONS
    {
        let span = best.0 - worst.0;
        let reflected = at(best.0 + span);
        evaluations += 2;
        if reflected.1 < best.1 {
            let expanded = at(best.0 + 2.0 * span);
            worst = if expanded.1 < reflected.1 {
                expanded
            } else {
                reflected
            };
        } else {
            // In one dimension shrinking and contracting inwards lead to the same place.
            let outwards = at(best.0 + 0.5 * span);
            worst = if reflected.1 < worst.1 && outwards.1 <= reflected.1 {
                outwards
            } else {
                at(best.0 - 0.5 * span)
            };
        }
        if worst.1 < best.1 {
            std::mem::swap(&mut best, &mut worst);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_lowest_of_two_valleys() {
        let f = |x: f64| ((x - 1.0) * (x - 1.0)).min((x - 3.0) * (x - 3.0) - 0.5);
        let start = grid(f, 0.0, 4.0, 0.3);
        assert!((start - 3.0).abs() < 1e-12);
        assert!((nelder_mead(f, 2.9) - 3.0).abs() < 1e-3);
    }
}
