use std::sync::Arc;

use eigenloom_numeric::Task;
use napi_derive::napi;

use super::lane;

/// The handle of one long call: made before it, passed to it, polled and cancelled beside it.
#[napi]
pub struct NativeTask {
    pub(super) task: Arc<Task>,
}

#[napi]
impl NativeTask {
    #[napi(constructor)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            task: Arc::new(Task::new()),
        }
    }

    /// Asks the call to stop at its next check; a call that still waits for its turn is dropped at once.
    #[napi]
    pub fn cancel(&self) {
        self.task.cancel();
        lane::drop_cancelled();
    }

    /// Share of the work done, 0 to 1.
    #[napi]
    pub fn fraction(&self) -> f64 {
        self.task.fraction()
    }
}
