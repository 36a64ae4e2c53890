//! Working memory of faer's routines.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};

use crate::{Error, Reason, Result};

/// Gives `work` the memory it asked for, or fails if there is none.
pub(crate) fn with_memory<R>(
    request: StackReq,
    work: impl FnOnce(&mut MemStack) -> R,
) -> Result<R> {
    let mut memory = MemBuffer::try_new(request).map_err(|_| {
        Error::new(
            Reason::LimitExceeded,
            format!(
                "{} bytes of working memory",
                request.unaligned_bytes_required()
            ),
        )
    })?;
    Ok(work(MemStack::new(&mut memory)))
}
