use std::path::Path;

use eigenloom_numeric::checkpoint::hash;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::call::{Lane, NativeTask, start};

#[napi]
pub fn sha256_file<'env>(
    env: &'env Env,
    task: &NativeTask,
    path: String,
) -> napi::Result<PromiseRaw<'env, String>> {
    start(
        env,
        task,
        Lane::Disk,
        move |task| hash::sha256_file(Path::new(&path), task),
        |_env, digest| Ok(digest),
    )
}
