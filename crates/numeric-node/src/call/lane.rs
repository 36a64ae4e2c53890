//! Which threads a call runs on, and how many calls run at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use eigenloom_numeric::Task;

/// The two kinds of long calls. Neither can hold up the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Arithmetic on a rayon pool.
    Compute,
    /// Reading, writing and hashing files on one thread.
    Disk,
}

/// Calls of one lane that run at once. Enough that a long call does not block short ones; few enough that the working memory
/// of decompositions and the number of threads stay bounded.
const RUNNING_AT_ONCE: usize = 4;

pub(super) struct Call {
    pub task: Arc<Task>,
    /// Must not panic; settles the promise itself.
    pub run: Box<dyn FnOnce() + Send>,
}

struct Queue {
    running: usize,
    waiting: VecDeque<Call>,
}

impl Queue {
    const fn new() -> Self {
        Self {
            running: 0,
            waiting: VecDeque::new(),
        }
    }
}

static COMPUTE: Mutex<Queue> = Mutex::new(Queue::new());
static DISK: Mutex<Queue> = Mutex::new(Queue::new());

fn queue(lane: Lane) -> MutexGuard<'static, Queue> {
    let queue = match lane {
        Lane::Compute => &COMPUTE,
        Lane::Disk => &DISK,
    };
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Queues a call and makes sure that a thread will take it.
pub(super) fn submit(lane: Lane, call: Call) -> std::io::Result<()> {
    let mut state = queue(lane);
    state.waiting.push_back(call);
    if state.running == RUNNING_AT_ONCE {
        return Ok(());
    }
    // The thread ends when the queue is empty: an idle process holds none.
    let spawned = thread::Builder::new()
        .name("numeric-call".into())
        .spawn(move || drain(lane));
    match spawned {
        Ok(_) => state.running += 1,
        // A running thread will come to it; without one the call cannot be made.
        Err(error) if state.running == 0 => {
            state.waiting.pop_back();
            return Err(error);
        }
        Err(_) => {}
    }
    Ok(())
}

fn drain(lane: Lane) {
    loop {
        let call = {
            let mut state = queue(lane);
            match state.waiting.pop_front() {
                Some(call) => call,
                None => {
                    state.running -= 1;
                    return;
                }
            }
        };
        (call.run)();
    }
}

/// Settles the calls that were cancelled while they waited.
pub(super) fn drop_cancelled() {
    for lane in [Lane::Compute, Lane::Disk] {
        let cancelled: VecDeque<Call> = {
            let mut state = queue(lane);
            let (gone, kept) = std::mem::take(&mut state.waiting)
                .into_iter()
                .partition(|call| call.task.check().is_err());
            state.waiting = kept;
            gone
        };
        for call in cancelled {
            (call.run)();
        }
    }
}
