//! Progress and cancellation of one long call, shared between its threads and its caller.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{Error, Reason, Result};

/// One long call. Cheap to poll from any thread.
#[derive(Debug, Default)]
pub struct Task {
    cancelled: AtomicBool,
    done: AtomicU64,
    total: AtomicU64,
}

impl Task {
    /// A task that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the call to stop at its next check.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Fails with `Cancelled` once the caller has asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::new(Reason::Cancelled, "cancelled by the caller"));
        }
        Ok(())
    }

    /// Sets the amount of work, in units of the call's own choice.
    pub fn set_total(&self, units: u64) {
        self.total.store(units, Ordering::Relaxed);
    }

    /// Counts work as done.
    pub fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }

    /// Share of the work done, 0 to 1; 0 while the total is unknown.
    pub fn fraction(&self) -> f64 {
        let total = self.total.load(Ordering::Relaxed);
        if total == 0 {
            return 0.0;
        }
        (self.done.load(Ordering::Relaxed) as f64 / total as f64).min(1.0)
    }
}
