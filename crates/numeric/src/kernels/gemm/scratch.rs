//! Memory for packed panels, kept between products: fresh memory costs a page fault every 4 KiB.

use std::cell::RefCell;
use std::sync::Mutex;

use super::isa::Line;

static SHARED: Mutex<Vec<Vec<Line>>> = Mutex::new(Vec::new());

thread_local! {
    static OWN: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

fn lines(floats: usize) -> usize {
    floats.div_ceil(16)
}

fn grow(lines_of: &mut Vec<Line>, floats: usize) {
    if lines_of.len() < lines(floats) {
        lines_of.resize(lines(floats), Line([0.0; 16]));
    }
}

/// Memory that several threads use, given back when dropped.
pub struct SharedScratch(Vec<Line>);

impl SharedScratch {
    pub fn of(floats: usize) -> Self {
        let kept = SHARED.lock().map(|mut all| all.pop()).ok().flatten();
        let mut lines = kept.unwrap_or_default();
        grow(&mut lines, floats);
        Self(lines)
    }

    pub fn pointer(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }

    /// The first `count` elements, which hold anything. Panics if there are fewer.
    pub fn floats(&mut self, count: usize) -> &mut [f32] {
        assert!(lines(count) <= self.0.len());
        // SAFETY: a line is 16 elements, so that there are as many.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(), count) }
    }
}

impl Drop for SharedScratch {
    fn drop(&mut self) {
        if let Ok(mut all) = SHARED.lock() {
            all.push(std::mem::take(&mut self.0));
        }
    }
}

/// Runs `work` on memory of this thread; `work` must not need any for itself.
pub fn own<R>(floats: usize, work: impl FnOnce(*mut f32) -> R) -> R {
    OWN.with(|own| {
        let mut lines = own.borrow_mut();
        grow(&mut lines, floats);
        work(lines.as_mut_ptr().cast())
    })
}
