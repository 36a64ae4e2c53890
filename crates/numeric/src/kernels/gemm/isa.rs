//! What a product needs of an instruction set: the tile that it computes in registers, and packing for it.

/// What products keep of the numbers that they multiply; sums are f32 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// All of them.
    F32,
    /// Their first 8 bits (bfloat16, rounded to nearest even), where a product is large enough for that to save time. Sums run over pairs of
    /// terms in the processor's way, so that bits are those of one kind of processor.
    Bf16,
}

/// Lines of a cache, so that packed panels begin at one.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [f32; 16]);

/// Where element (i, k) of an operand lies: `i` counts its rows (of a) or columns (of b), `k` the terms of the sums.
#[derive(Debug, Clone, Copy)]
pub struct Strided {
    /// Element (0, 0).
    pub data: *const f32,
    /// Elements between i and i + 1.
    pub outer: usize,
    /// Elements between k and k + 1.
    pub depth: usize,
}

// SAFETY: an operand is only read, and its owner outlives the product.
unsafe impl Send for Strided {}
// SAFETY: as above.
unsafe impl Sync for Strided {}

impl Strided {
    /// The same operand from (`outer`, `depth`) on.
    ///
    /// # Safety
    /// That element lies in the operand.
    pub unsafe fn at(self, outer: usize, depth: usize) -> Self {
        // SAFETY: the caller's promise.
        let data = unsafe { self.data.add(outer * self.outer + depth * self.depth) };
        Self { data, ..self }
    }
}

/// The columns of b, as a product reads them.
pub trait Columns: Copy + Sync {
    /// Where they lie, if they lie there as f32.
    fn in_place(self) -> Option<Strided>;

    /// Packs some columns, given as the first and their count, of some terms, given in the same way, as `Isa::pack` does.
    ///
    /// # Safety
    /// They lie in the operand, the processor has the instructions, and `to` has room.
    unsafe fn pack<I: Isa>(self, columns: (usize, usize), terms: (usize, usize), to: *mut f32);
}

impl Columns for Strided {
    fn in_place(self) -> Option<Strided> {
        Some(self)
    }

    unsafe fn pack<I: Isa>(
        self,
        (first, count): (usize, usize),
        (term, depth): (usize, usize),
        to: *mut f32,
    ) {
        // SAFETY: the caller's promise.
        unsafe { I::pack(self.at(first, term), count, depth, I::COLUMNS, to) }
    }
}

/// Where a tile of the result goes, and how.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub data: *mut f32,
    /// Elements between two rows.
    pub row: usize,
    pub scale: f32,
    /// Adds to what is there.
    pub add: bool,
}

/// An instruction set, and what it keeps of the numbers. A panel is made of units of 32 bits, each `TERMS` numbers behind each other in k.
/// Those of f32 compute the same bits where they have fused multiply-add: each sum runs over k in order.
pub trait Isa {
    /// Most rows of a tile.
    const ROWS: usize;
    /// Columns of a panel of b.
    const COLUMNS: usize;
    /// Numbers in a unit of a panel.
    const TERMS: usize = 1;
    /// Most terms of one pass over the tiles: a panel of a and one of b of this depth stay in the first two caches.
    const DEPTH: usize = 384;
    /// Has `tile_in_place`.
    const IN_PLACE: bool = true;
    /// Panels of b up to which a is read where it lies: packing it pays once it is used more often.
    const READ_IN_PLACE: usize = 4;

    /// The products of a panel of a, [units][rows], with the first `columns` of a panel of b, [units][COLUMNS].
    ///
    /// # Safety
    /// The processor has the instructions, 0 < rows ≤ ROWS, 0 < columns ≤ COLUMNS, and panels and target are large enough.
    unsafe fn tile(
        rows: usize,
        columns: usize,
        units: usize,
        a: *const f32,
        b: *const f32,
        target: Target,
    );

    /// As `tile`, where rows of a and terms of b lie: b is [depth][columns], `b_row` elements from term to term. For operands that are
    /// used once, so that packing them would cost more than it saves.
    ///
    /// # Safety
    /// As `tile`.
    unsafe fn tile_in_place(
        rows: usize,
        columns: usize,
        depth: usize,
        a: Strided,
        b: (*const f32, usize),
        target: Target,
    ) {
        let _ = (rows, columns, depth, a, b, target);
        unreachable!("these instructions work on packed panels only");
    }

    /// Copies `count` rows or columns of an operand into a panel, [units][width]; the rest of it becomes 0.
    ///
    /// # Safety
    /// The processor has the instructions, count ≤ width, and the panel has room for depth / TERMS (rounded up) · width units.
    unsafe fn pack(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32);
}

/// Packs without instructions of any kind.
///
/// # Safety
/// As `Isa::pack`.
#[inline(always)]
pub unsafe fn pack_plain(from: Strided, count: usize, depth: usize, width: usize, panel: *mut f32) {
    for k in 0..depth {
        // SAFETY: the caller's promise.
        unsafe {
            let (source, row) = (from.data.add(k * from.depth), panel.add(k * width));
            for i in 0..count {
                *row.add(i) = *source.add(i * from.outer);
            }
            for i in count..width {
                *row.add(i) = 0.0;
            }
        }
    }
}
