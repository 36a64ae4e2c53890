use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use eigenloom_numeric as numeric;
use napi::bindgen_prelude::{JsValue, PromiseRaw, ToNapiValue};
use napi::{Env, JsError};
use numeric::Task;

use super::lane::{self, Call, Lane};
use super::native_task::NativeTask;
use super::pool;

type Settle<J> = Box<dyn FnOnce(Env) -> napi::Result<J>>;

/// The code of a panic or of a machine that gives no thread; no [`numeric::Reason`] has it.
const INTERNAL: &str = "INTERNAL";

/// Runs `work` off the event loop and returns a promise of what `convert` makes of its result, on the event loop.
///
/// `work` begins only if the task has not been cancelled; it should call `task.check()` at least every 50 ms.
pub fn start<'env, T, J>(
    env: &'env Env,
    task: &NativeTask,
    lane: Lane,
    work: impl FnOnce(&Task) -> numeric::Result<T> + Send + 'static,
    convert: impl FnOnce(Env, T) -> napi::Result<J> + Send + 'static,
) -> napi::Result<PromiseRaw<'env, J>>
where
    T: Send + 'static,
    J: ToNapiValue + 'static,
{
    let (deferred, promise) = env.create_deferred::<J, Settle<J>>()?;
    let promise = PromiseRaw::new(env.raw(), promise.raw());
    let task = Arc::clone(&task.task);
    let run = {
        let task = Arc::clone(&task);
        Box::new(move || {
            let outcome = run_guarded(lane, &task, work);
            deferred.resolve(Box::new(move |env| match outcome {
                Ok(value) => convert(env, value),
                Err((code, detail)) => Err(rejection(env, code, detail)),
            }));
        })
    };
    lane::submit(lane, Call { task, run })
        .map_err(|error| napi::Error::from_reason(error.to_string()))?;
    Ok(promise)
}

/// The error of a short synchronous function, in the form that rejections have.
#[allow(dead_code)]
pub fn failure(error: numeric::Error) -> napi::Error<String> {
    napi::Error::new(error.reason.code().to_owned(), error.detail)
}

fn run_guarded<T: Send>(
    lane: Lane,
    task: &Task,
    work: impl FnOnce(&Task) -> numeric::Result<T> + Send,
) -> Result<T, (&'static str, String)> {
    let guarded = || {
        catch_unwind(AssertUnwindSafe(|| {
            task.check()?;
            work(task)
        }))
    };
    let finished = match lane {
        Lane::Disk => guarded(),
        // A call that was cancelled while it waited needs no pool.
        Lane::Compute if task.check().is_err() => guarded(),
        Lane::Compute => pool::with_pool(guarded).map_err(|error| (INTERNAL, error.to_string()))?,
    };
    match finished {
        Ok(result) => result.map_err(|error| (error.reason.code(), error.detail)),
        Err(panic) => Err((INTERNAL, panic_text(panic))),
    }
}

fn rejection(env: Env, code: &str, detail: String) -> napi::Error {
    let error = JsError::from(napi::Error::new(code, detail));
    napi::Error::from_unknown_without_coercion(error.into_unknown(env))
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| "panic".to_owned(), |text| (*text).to_owned()),
    };
    text.lines().next().unwrap_or("panic").to_owned()
}
