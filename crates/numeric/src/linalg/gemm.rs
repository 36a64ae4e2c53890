//! Matrix products.

use faer::{Accum, MatMut, MatRef};

use super::{Matrix, Scalar, View, parallelism};
use crate::{Error, Reason, Result, Task};

/// Multiply-adds between two checks for cancellation: some 100 ms. Smaller chunks would pack the right factor again and again.
const CHUNK: usize = 1 << 33;

/// `op(a) · op(b)`, where `op` transposes if asked to. Sums run along the inner dimension in blocks whose size depends on the
/// machine's caches, never on the number of threads. Non-finite values propagate as IEEE 754 says.
pub fn multiply<T: Scalar>(
    a: View<'_, T>,
    transpose_a: bool,
    b: View<'_, T>,
    transpose_b: bool,
    task: &Task,
) -> Result<Matrix<T>> {
    let left = if transpose_a {
        a.faer().transpose()
    } else {
        a.faer()
    };
    let right = if transpose_b {
        b.faer().transpose()
    } else {
        b.faer()
    };
    let (rows, inner, columns) = (left.nrows(), left.ncols(), right.ncols());
    if inner != right.nrows() {
        return Err(Error::new(
            Reason::ShapeMismatch,
            format!("{rows}x{inner} times {}x{columns}", right.nrows()),
        ));
    }
    let mut product = Matrix::zeros(rows, columns);
    let step = chunk_rows(inner, columns);
    task.set_total(rows.div_ceil(step).max(1) as u64);
    in_chunks(
        product.faer_mut(),
        Accum::Replace,
        left,
        right,
        task,
        || task.advance(1),
    )?;
    Ok(product)
}

/// `target = a · b`, checking for cancellation.
pub(crate) fn multiply_into<T: Scalar>(
    target: MatMut<'_, T>,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    task: &Task,
) -> Result<()> {
    in_chunks(target, Accum::Replace, a, b, task, || ())
}

/// `target += a · b`, checking for cancellation.
pub(crate) fn multiply_onto<T: Scalar>(
    target: MatMut<'_, T>,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    task: &Task,
) -> Result<()> {
    in_chunks(target, Accum::Add, a, b, task, || ())
}

/// Multiples of 256 rows keep faer's tiles whole; the chunks depend on the shape alone.
fn chunk_rows(inner: usize, columns: usize) -> usize {
    (CHUNK / (inner * columns).max(1))
        .max(1)
        .next_multiple_of(256)
}

fn in_chunks<T: Scalar>(
    mut target: MatMut<'_, T>,
    accum: Accum,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    task: &Task,
    done: impl Fn(),
) -> Result<()> {
    let step = chunk_rows(a.ncols(), b.ncols());
    for start in (0..a.nrows()).step_by(step) {
        task.check()?;
        let height = step.min(a.nrows() - start);
        let part = target.as_mut().subrows_mut(start, height);
        T::multiply(part, accum, a.subrows(start, height), b, parallelism());
        done();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{normal, relative_error, same_on_any_threads, transposed, wide};
    use super::*;

    /// The sums of products by their definition, in f64.
    fn by_definition<T: Scalar>(a: &Matrix<T>, b: &Matrix<T>) -> Matrix<f64> {
        let mut result = Matrix::zeros(a.rows, b.columns);
        for row in 0..a.rows {
            for column in 0..b.columns {
                result.data[row * b.columns + column] = (0..a.columns)
                    .map(|k| {
                        a.data[row * a.columns + k].widen() * b.data[k * b.columns + column].widen()
                    })
                    .sum();
            }
        }
        result
    }

    fn check<T: Scalar>(bound: f64) {
        for (rows, inner, columns) in [(1, 1, 1), (3, 0, 2), (7, 5, 9), (300, 70, 33), (1, 200, 60)]
        {
            let (a, b) = (normal::<T>(rows, inner, 1), normal::<T>(inner, columns, 2));
            let expected = by_definition(&a, &b);
            let (at, bt) = (transposed(&a), transposed(&b));
            for (left, flip_left) in [(&a, false), (&at, true)] {
                for (right, flip_right) in [(&b, false), (&bt, true)] {
                    let (left, right) = (left.view(), right.view());
                    let product =
                        multiply(left, flip_left, right, flip_right, &Task::new()).unwrap();
                    assert!(relative_error(&expected, &wide(&product, 1.0)) <= bound);
                }
            }
        }
    }

    #[test]
    fn products_in_every_transposition() {
        check::<f32>(1e-6);
        check::<f64>(1e-15);
    }

    #[test]
    fn threads_do_not_change_the_bits() {
        for (rows, inner, columns) in [
            (700, 900, 500),
            (1, 3000, 800),
            (900, 2000, 1),
            (40, 5000, 40),
        ] {
            let (a, b) = (
                normal::<f32>(rows, inner, 1),
                normal::<f32>(inner, columns, 2),
            );
            same_on_any_threads(|| {
                multiply(a.view(), false, b.view(), false, &Task::new()).unwrap()
            });
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let (a, b) = (normal::<f32>(2, 3, 1), normal::<f32>(2, 3, 1));
        let error = multiply(a.view(), false, b.view(), false, &Task::new()).unwrap_err();
        assert_eq!(
            (error.reason, error.detail.as_str()),
            (Reason::ShapeMismatch, "2x3 times 2x3")
        );
    }
}
