//! A product cut into panels that stay in the caches (Goto & van de Geijn 2008, doi:10.1145/1356052.1356053), over any instruction set.

use std::ops::Range;

use super::super::split::{self, Shared};
use super::isa::{Columns, Isa, Precision, Strided, Target};
use super::scratch::{SharedScratch, own};

/// Panels of b that are used for all rows of a task before the next ones.
const PANELS: usize = 8;
/// Most panels of a in a task.
const TASK_PANELS: usize = 4;
/// Elements of b that are packed at a time.
const PACKED: usize = 2 << 20;
/// Most terms of b that are packed at a time: deeper products take several passes, each over enough columns that packing a once for
/// all of them costs little.
const PASS: usize = 4096;
/// Terms of some panels of b that are packed together.
const TOGETHER: usize = 4;
/// Panels of a for which panels of b are packed where they are used: fewer uses do not pay for writing b to memory and reading it again.
const FEW: usize = 4;

/// Sizes and options of a product.
#[derive(Debug, Clone, Copy)]
pub struct Problem {
    /// Rows of a and of the result.
    pub rows: usize,
    /// Columns of b and of the result.
    pub columns: usize,
    /// Terms of each sum.
    pub depth: usize,
    /// What is kept of the numbers.
    pub precision: Precision,
    /// Factor of the sums.
    pub scale: f32,
    /// Adds to what the result holds.
    pub add: bool,
    /// Uses all threads.
    pub parallel: bool,
}

/// What is done with a part of a row of the result once its sums are whole: row, columns, values.
pub trait Finish: Fn(usize, Range<usize>, &mut [f32]) + Sync {}
impl<F: Fn(usize, Range<usize>, &mut [f32]) + Sync> Finish for F {}

/// Nearly equal parts of `total`, none above `most`: their number and the size of all but the last.
fn parts(total: usize, most: usize) -> (usize, usize) {
    let count = total.div_ceil(most).max(1);
    (count, total.div_ceil(count).max(1))
}

/// The terms of each block but the last, which depend on the depth alone.
fn block_of<I: Isa>(depth: usize) -> usize {
    let (_, deep) = parts(depth, I::DEPTH);
    deep.next_multiple_of(I::TERMS)
}

/// Units of a panel for that many terms.
fn units<I: Isa>(terms: usize) -> usize {
    terms.div_ceil(I::TERMS)
}

/// The result of a b, with the result at `c`, `c_row` elements from row to row.
///
/// # Safety
/// The processor has the instructions; operands and result are as large as the problem says and nothing else uses the result.
pub unsafe fn multiply<I: Isa>(
    problem: Problem,
    a: Strided,
    b: impl Columns,
    (c, c_row): (*mut f32, usize),
    finish: &impl Finish,
) {
    let Problem {
        rows,
        columns,
        depth,
        ..
    } = problem;
    let task = |columns: Range<usize>, terms: Range<usize>, right: Right| Task {
        problem,
        a,
        right,
        columns,
        terms,
        c: Shared(c),
        c_row,
    };
    // One panel of rows uses each element of b once.
    let beside = b.in_place().filter(|b| b.outer == 1);
    if let Some(b) = beside.filter(|_| I::IN_PLACE && rows <= I::ROWS) {
        // SAFETY: the caller's promise.
        return unsafe { task(0..columns, 0..depth, Right::InPlace(b)).run::<I>(rows, finish) };
    }
    let block = block_of::<I>(depth);
    let pass = (PASS / block).max(1) * block;
    // A panel is the work of one task there.
    let panels = columns.div_ceil(I::COLUMNS);
    if rows <= FEW * I::ROWS && panels >= wanted(problem) / 4 {
        // Without terms there is one pass, which writes zeros.
        for first in (0..depth.max(1)).step_by(pass) {
            let terms = first..(first + pass).min(depth);
            // SAFETY: the caller's promise.
            unsafe { few_rows::<I>((problem, a, (Shared(c), c_row)), b, terms, finish) };
        }
        return;
    }
    let wide = (PACKED / pass.min(depth).max(1) / I::COLUMNS).max(1) * I::COLUMNS;
    for first in (0..columns).step_by(wide) {
        let columns = first..(first + wide).min(columns);
        let width = columns.len().div_ceil(I::COLUMNS) * I::COLUMNS;
        let mut scratch = SharedScratch::of(width * units::<I>(pass.min(depth)));
        // Without terms there is one pass, which writes zeros.
        for first in (0..depth.max(1)).step_by(pass) {
            let terms = first..(first + pass).min(depth);
            let packed = Shared(scratch.pointer());
            // SAFETY: the caller's promise; the scratch has room for all panels.
            unsafe {
                let some = (columns.clone(), terms.clone());
                pack_columns::<I>(b, some, block, problem.parallel, packed);
                task(columns.clone(), terms, Right::Packed(packed)).run::<I>(rows, finish);
            }
        }
    }
}

/// Some terms of a product whose rows are few: each task packs its panels of b, a few at a time, into memory that stays in its cache.
///
/// # Safety
/// As `multiply`.
unsafe fn few_rows<I: Isa>(
    (problem, a, (c, c_row)): (Problem, Strided, (Shared, usize)),
    b: impl Columns,
    terms: Range<usize>,
    finish: &impl Finish,
) {
    let Problem { rows, columns, .. } = problem;
    let block = block_of::<I>(problem.depth);
    let (_, high) = parts(rows, I::ROWS);
    let blocks = || {
        let Range { start, end } = terms.clone();
        (start..end.max(start + 1))
            .step_by(block)
            .map(move |first| first..(first + block).min(end))
    };
    let task = |columns: Range<usize>, terms: Range<usize>, right: Right| Task {
        problem,
        a,
        right,
        columns,
        terms,
        c,
        c_row,
    };
    let mut scratch = SharedScratch::of(rows * units::<I>(block) * blocks().count());
    let left = Shared(scratch.pointer());
    let left_of = |k: &Range<usize>| {
        // SAFETY: the scratch has room for the rows of all blocks.
        unsafe { left.at(rows * units::<I>(k.start - terms.start)) }
    };
    for k in blocks() {
        let whole = task(0..columns, k.clone(), Right::Packed(left));
        // SAFETY: the caller's promise.
        unsafe { whole.pack_rows::<I>((0..rows, high), k.clone(), left_of(&k)) };
    }
    let panels = columns.div_ceil(I::COLUMNS);
    let (tasks, wide) = parts(panels, panels.div_ceil(wanted(problem)));
    // Where columns lie beside each other, a term of some panels is read from memory in one go.
    let beside = b.in_place().is_some_and(|b| b.outer == 1);
    let step = if beside { TOGETHER } else { block };
    let one = |index: usize| {
        let mut scratch = SharedScratch::of(PANELS * I::COLUMNS * units::<I>(block));
        let right = Shared(scratch.pointer());
        let first = index * wide * I::COLUMNS;
        let own = first..(first + wide * I::COLUMNS).min(columns);
        for k in blocks() {
            for first in own.clone().step_by(PANELS * I::COLUMNS) {
                let some = first..(first + PANELS * I::COLUMNS).min(own.end);
                // SAFETY: the caller's promise; the scratch has room for the panels, and each index has its own columns.
                unsafe {
                    for from in k.clone().step_by(step) {
                        let terms = from..(from + step).min(k.end);
                        for (panel, first) in some.clone().step_by(I::COLUMNS).enumerate() {
                            let at = panel * units::<I>(k.len()) + units::<I>(from - k.start);
                            let count = I::COLUMNS.min(some.end - first);
                            let to = right.at(at * I::COLUMNS);
                            b.pack::<I>((first, count), (from, terms.len()), to);
                        }
                    }
                    let panels = 0..some.len().div_ceil(I::COLUMNS);
                    let some = task(some, k.clone(), Right::Packed(right));
                    let left = Some(left_of(&k).cast_const());
                    some.tiles::<I>((0..rows, high), panels, k.clone(), left);
                }
            }
        }
        if terms.end == problem.depth {
            let own = task(own, terms.clone(), Right::Packed(right));
            // SAFETY: the caller's promise.
            unsafe { own.finish(0..rows, own.columns.clone(), finish) };
        }
    };
    if problem.parallel {
        split::each(tasks, rows * wide * I::COLUMNS * terms.len(), one);
    } else {
        (0..tasks).for_each(one);
    }
}

/// Whether neighbouring rows, or terms, of an operand lie in different lines of a cache of 4 KiB a way.
fn spread(a: Strided) -> bool {
    !a.outer.max(a.depth).is_multiple_of(1024)
}

/// Tasks that keep all threads busy to the end.
fn wanted(problem: Problem) -> usize {
    if problem.parallel {
        8 * rayon::current_num_threads()
    } else {
        1
    }
}

/// # Safety
/// As `multiply`; `packed` has room for all panels.
unsafe fn pack_columns<I: Isa>(
    b: impl Columns,
    (columns, terms): (Range<usize>, Range<usize>),
    deep: usize,
    parallel: bool,
    packed: Shared,
) {
    let panels = columns.len().div_ceil(I::COLUMNS);
    let pack = |index: usize| {
        let (block, panel) = (index / panels, index % panels);
        let (k, j) = (block * deep, panel * I::COLUMNS);
        let depth = deep.min(terms.len() - k);
        // SAFETY: the caller's promise; each index has its own panel.
        unsafe {
            let to = packed.at((units::<I>(k) * panels + panel * units::<I>(depth)) * I::COLUMNS);
            let count = I::COLUMNS.min(columns.len() - j);
            b.pack::<I>((columns.start + j, count), (terms.start + k, depth), to);
        }
    };
    let count = terms.len().div_ceil(deep) * panels;
    if parallel {
        split::each(count, deep * I::COLUMNS, pack);
    } else {
        (0..count).for_each(pack);
    }
}

/// The columns of a task.
enum Right {
    /// By panels, those of each block of terms behind each other.
    Packed(Shared),
    /// Where they lie, column beside column.
    InPlace(Strided),
}

struct Task {
    problem: Problem,
    a: Strided,
    right: Right,
    columns: Range<usize>,
    /// The terms of this pass.
    terms: Range<usize>,
    c: Shared,
    c_row: usize,
}

impl Task {
    /// # Safety
    /// As `multiply`.
    unsafe fn run<I: Isa>(&self, rows: usize, finish: &impl Finish) {
        let panels = self.columns.len().div_ceil(I::COLUMNS);
        let (row_panels, high) = parts(rows, I::ROWS);
        let wanted = wanted(self.problem);
        let together = (row_panels / wanted).clamp(1, TASK_PANELS);
        let row_tasks = row_panels.div_ceil(together);
        let (column_tasks, wide) = parts(panels, panels.div_ceil(wanted.div_ceil(row_tasks)));
        let one = |index: usize| {
            let (down, along) = (index / column_tasks, index % column_tasks);
            let rows = down * together * high..((down + 1) * together * high).min(rows);
            let panels = along * wide..((along + 1) * wide).min(panels);
            // SAFETY: the caller's promise; each index has its own rows and panels.
            unsafe { self.part::<I>(rows, panels, high, finish) };
        };
        let count = row_tasks * column_tasks;
        if self.problem.parallel {
            split::each(
                count,
                together * high * wide * I::COLUMNS * self.terms.len(),
                one,
            );
        } else {
            (0..count).for_each(one);
        }
    }

    /// The rows and panels of columns of one task.
    ///
    /// # Safety
    /// As `multiply`.
    unsafe fn part<I: Isa>(
        &self,
        rows: Range<usize>,
        panels: Range<usize>,
        high: usize,
        finish: &impl Finish,
    ) {
        let deep = block_of::<I>(self.problem.depth);
        let Range { start, end } = self.terms;
        let pack = !(I::IN_PLACE && panels.len() <= I::READ_IN_PLACE && spread(self.a));
        own(
            if pack {
                rows.len() * units::<I>(deep)
            } else {
                0
            },
            |packed| {
                // Without terms there is one block, which writes zeros.
                for first in (start..end.max(start + 1)).step_by(deep) {
                    let k = first..(first + deep).min(end);
                    let left = pack.then_some(packed.cast_const());
                    // SAFETY: the caller's promise; the memory has room for all rows.
                    unsafe {
                        if pack {
                            self.pack_rows::<I>((rows.clone(), high), k.clone(), packed);
                        }
                        for first in panels.clone().step_by(PANELS) {
                            let some = first..(first + PANELS).min(panels.end);
                            self.tiles::<I>((rows.clone(), high), some, k.clone(), left);
                        }
                    }
                }
            },
        );
        if end < self.problem.depth {
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { self.finish(rows, self.columns_of::<I>(panels), finish) };
    }

    /// # Safety
    /// As `multiply`; the sums of these rows and columns are whole.
    unsafe fn finish(&self, rows: Range<usize>, columns: Range<usize>, finish: &impl Finish) {
        for row in rows {
            // SAFETY: the part of a row that belongs to this task.
            let values = unsafe {
                std::slice::from_raw_parts_mut(
                    self.c.at(row * self.c_row + columns.start),
                    columns.len(),
                )
            };
            finish(row, columns.clone(), values);
        }
    }

    /// # Safety
    /// As `multiply`; `packed` has room for all rows.
    unsafe fn pack_rows<I: Isa>(
        &self,
        (rows, high): (Range<usize>, usize),
        k: Range<usize>,
        packed: *mut f32,
    ) {
        for i in (0..rows.len()).step_by(high) {
            let high = high.min(rows.len() - i);
            // SAFETY: the caller's promise.
            unsafe {
                let from = self.a.at(rows.start + i, k.start);
                I::pack(
                    from,
                    high,
                    k.len(),
                    high,
                    packed.add(i * units::<I>(k.len())),
                );
            }
        }
    }

    /// # Safety
    /// As `multiply`; `left` are the packed rows, if they have been packed.
    unsafe fn tiles<I: Isa>(
        &self,
        (rows, high): (Range<usize>, usize),
        panels: Range<usize>,
        k: Range<usize>,
        left: Option<*const f32>,
    ) {
        let Problem { scale, add, .. } = self.problem;
        let all = self.columns.len().div_ceil(I::COLUMNS);
        let steps = units::<I>(k.len());
        for i in (0..rows.len()).step_by(high) {
            let high = high.min(rows.len() - i);
            for panel in panels.clone() {
                let columns = self.columns_of::<I>(panel..panel + 1);
                let at =
                    (units::<I>(k.start - self.terms.start) * all + panel * steps) * I::COLUMNS;
                // SAFETY: the caller's promise.
                unsafe {
                    let data = self.c.at((rows.start + i) * self.c_row + columns.start);
                    let target = Target {
                        data,
                        row: self.c_row,
                        scale,
                        add: add || k.start > 0,
                    };
                    let packed = left.map(|left| left.add(i * steps));
                    let (a, right) = match (packed, &self.right) {
                        (Some(a), Right::Packed(right)) => {
                            let b = right.at(at);
                            I::tile(high, columns.len(), steps, a, b, target);
                            continue;
                        }
                        (Some(data), right) => {
                            let packed = Strided {
                                data,
                                outer: 1,
                                depth: high,
                            };
                            (packed, right)
                        }
                        (None, right) => (self.a.at(rows.start + i, k.start), right),
                    };
                    let b = match right {
                        Right::Packed(right) => (right.at(at).cast_const(), I::COLUMNS),
                        Right::InPlace(b) => (b.at(columns.start, k.start).data, b.depth),
                    };
                    I::tile_in_place(high, columns.len(), k.len(), a, b, target);
                }
            }
        }
    }

    /// The columns of the result that panels stand for.
    fn columns_of<I: Isa>(&self, panels: Range<usize>) -> Range<usize> {
        let at = |panel: usize| (self.columns.start + panel * I::COLUMNS).min(self.columns.end);
        at(panels.start)..at(panels.end)
    }
}
