//! Splitting of work over threads, by size alone.

use rayon::prelude::*;

/// Elements below which threads cost more than they save.
pub const GRAIN: usize = 1 << 14;

/// A pointer that tasks write disjoint parts through.
#[derive(Clone, Copy)]
pub struct Shared(pub *mut f32);

// SAFETY: each task writes a part of its own.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The pointer `offset` elements on.
    ///
    /// # Safety
    /// The offset lies in the allocation.
    pub unsafe fn at(self, offset: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}

/// Runs `work(start, part)` over parts of `out` that are whole rows of `width`, about `GRAIN` elements each.
pub fn rows(out: &mut [f32], width: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
    if out.is_empty() {
        return;
    }
    let step = (GRAIN / width).max(1);
    if out.len() <= GRAIN {
        work(0, out);
        return;
    }
    out.par_chunks_mut(step * width)
        .enumerate()
        .for_each(|(index, part)| work(index * step, part));
}

/// Runs `work(i)` for each i below `count`; `cost` is about how many elements one handles.
pub fn each(count: usize, cost: usize, work: impl Fn(usize) + Sync + Send) {
    if count * cost <= GRAIN || count == 1 {
        (0..count).for_each(work);
    } else {
        (0..count).into_par_iter().for_each(work);
    }
}
