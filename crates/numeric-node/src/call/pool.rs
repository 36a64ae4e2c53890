//! One rayon pool for each running compute call, kept for the next.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// 0 means as many as the machine gives this process.
static THREADS: AtomicUsize = AtomicUsize::new(0);
static IDLE: Mutex<Vec<ThreadPool>> = Mutex::new(Vec::new());

/// Threads of one compute call.
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        count => count,
    }
}

/// Sets the threads of the compute calls that begin from now on; 0 restores the machine's number.
pub fn set_threads(count: usize) {
    THREADS.store(count, Ordering::Relaxed);
    lock().clear();
}

/// Runs `work` inside a pool of `threads()` threads that no other call uses meanwhile.
pub fn with_pool<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R, ThreadPoolBuildError> {
    let count = threads();
    let idle = {
        let mut pools = lock();
        let found = pools
            .iter()
            .position(|pool| pool.current_num_threads() == count);
        found.map(|at| pools.swap_remove(at))
    };
    let pool = match idle {
        Some(pool) => pool,
        None => ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|index| format!("numeric-{index}"))
            .build()?,
    };
    let result = pool.install(work);
    if count == threads() {
        lock().push(pool);
    }
    Ok(result)
}

fn lock() -> std::sync::MutexGuard<'static, Vec<ThreadPool>> {
    IDLE.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
