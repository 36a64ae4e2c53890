//! Long calls: off the event loop, cancellable, with progress.
//!
//! Every bridge function that may take more than a few milliseconds has this shape:
//!
//! ```ignore
//! #[napi]
//! pub fn frobnicate<'env>(env: &'env Env, task: &NativeTask, data: Float32Array, k: u32)
//!     -> napi::Result<PromiseRaw<'env, Float32Array>>
//! {
//!     start(env, task, Lane::Compute,
//!         // On a worker: `data` is read where it lies, so JavaScript must leave it alone until the promise settles.
//!         move |task| numeric::frobnicate(&data, k as usize, task),
//!         // On the event loop, so only cheap conversion.
//!         |_env, vector: Vec<f32>| Ok(Float32Array::new(vector)))
//! }
//! ```
//!
//! - Work runs in a [`Lane`]: a bounded number of calls at once, the others wait in order of arrival. libuv's threads are never used.
//! - In `Lane::Compute` each running call is on a rayon pool of its own, so plain rayon (and faer) calls use `threads()` threads
//!   and never steal another call's work. `Lane::Disk` is for calls that mostly wait for files: one thread a call.
//! - The promise settles only when the worker has stopped, so borrowed arrays are free afterwards.
//! - A failure rejects with an `Error` whose `code` is the reason (`Reason::code`) and whose `message` is the detail. A panic
//!   rejects with code `INTERNAL`. Short synchronous functions get the same form by `.map_err(failure)`.

mod lane;
mod native_task;
mod pool;
mod start;

pub use lane::Lane;
pub use native_task::NativeTask;
pub use pool::{set_threads, threads, with_pool};
pub use start::{failure, start};
