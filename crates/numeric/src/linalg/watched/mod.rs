//! Cancellation inside faer's decompositions, which have no hook for it.
//!
//! [`Watched`] is a number that faer computes with exactly as with the number inside, vectors and matrix products included. Only
//! its scalar reciprocal and square root, which every column of a decomposition needs a few times, look whether the call on this
//! thread has been cancelled, and unwind if so. [`watch`] catches that.

mod field;
mod number;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use faer::{MatMut, MatRef};

use super::Scalar;
use crate::{Result, Task};

/// A number whose arithmetic stops when the call is cancelled.
#[derive(Clone, Copy, PartialEq, PartialOrd, Default)]
#[repr(transparent)]
pub(crate) struct Watched<T>(pub T);

/// Thrown by [`look`], caught by [`watch`]; never reaches a panic hook.
struct Stopped;

thread_local! {
    static TASK: Cell<*const Task> = const { Cell::new(ptr::null()) };
}

/// Runs `work`; whenever it looks, it unwinds out of it if the task has been cancelled.
pub(crate) fn watch<R>(task: &Task, work: impl FnOnce() -> R) -> Result<R> {
    task.check()?;
    let before = TASK.replace(task);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    TASK.set(before);
    match outcome {
        Ok(result) => Ok(result),
        Err(payload) if payload.is::<Stopped>() => match task.check() {
            Err(cancelled) => Err(cancelled),
            Ok(()) => resume_unwind(payload),
        },
        Err(payload) => resume_unwind(payload),
    }
}

#[inline]
fn look() {
    let task = TASK.get();
    // SAFETY: `watch` sets the pointer for as long as it borrows the task, on this thread.
    if let Some(task) = unsafe { task.as_ref() }
        && task.check().is_err()
    {
        resume_unwind(Box::new(Stopped));
    }
}

/// The same matrix, watched.
pub(crate) fn watched<T: Scalar>(matrix: MatRef<'_, T>) -> MatRef<'_, Watched<T>> {
    // SAFETY: `Watched` is transparent; shape, strides and lifetime stay.
    unsafe {
        MatRef::from_raw_parts(
            matrix.as_ptr().cast(),
            matrix.nrows(),
            matrix.ncols(),
            matrix.row_stride(),
            matrix.col_stride(),
        )
    }
}

/// The same matrix, watched.
pub(crate) fn watched_mut<T: Scalar>(matrix: MatMut<'_, T>) -> MatMut<'_, Watched<T>> {
    // SAFETY: `Watched` is transparent; shape, strides and lifetime stay.
    unsafe {
        MatMut::from_raw_parts_mut(
            matrix.as_ptr_mut().cast(),
            matrix.nrows(),
            matrix.ncols(),
            matrix.row_stride(),
            matrix.col_stride(),
        )
    }
}
