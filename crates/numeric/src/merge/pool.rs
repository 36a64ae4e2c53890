//! Working memory that threads take and give back.

use std::sync::{Mutex, PoisonError};

/// As many items as were ever in use at once.
#[derive(Debug, Default)]
pub struct Pool<S>(Mutex<Vec<S>>);

impl<S: Default> Pool<S> {
    /// Runs `work` with an item that nothing else uses meanwhile.
    pub fn with<R>(&self, work: impl FnOnce(&mut S) -> R) -> R {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut item = lock().pop().unwrap_or_default();
        let result = work(&mut item);
        lock().push(item);
        result
    }
}
