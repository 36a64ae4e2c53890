use napi_derive::napi;

use crate::call;

/// Threads of one compute call.
#[napi]
pub fn threads() -> u32 {
    u32::try_from(call::threads()).unwrap_or(u32::MAX)
}

/// Sets the threads of later compute calls; 0 restores the machine's number.
#[napi]
pub fn set_threads(count: u32) {
    call::set_threads(count as usize);
}
