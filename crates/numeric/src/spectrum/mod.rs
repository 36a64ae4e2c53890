//! Statistics of a spectrum: norms, ranks, entropy, power-law tails, Marchenko-Pastur edges, intruder dimensions.
//!
//! Eigenvalues are those of X = WᵀW, λ = s², not divided by the number of rows. Martin & Mahoney 2021, arXiv:1810.01075.
//! The columns keep WeightWatcher's names; where that tool is known to be off, the intended value is computed.

mod bulk;
mod density;
mod determinant;
mod intruders;
mod minimise;
mod power_law;
mod ranks;
mod slices;
mod summary;

pub use bulk::{Bulk, fit_bulk};
pub use determinant::{UnitTail, unit_tail};
pub use intruders::{Comparison, SmoothRanks, compare};
pub use power_law::{Cut, LEAST_TAIL, NoTail, PowerLaw, fit_power_law};
pub use ranks::{effective_rank, stable_rank};
pub use slices::{Layout, singular_values};
pub use summary::{Ranks, Shape, Spectrum, describe};
