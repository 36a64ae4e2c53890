//! Sums over the chunks of a tensor, added in order.

/// totals ← totals + parts.
pub fn add_to<N: std::ops::AddAssign>(totals: &mut [N], parts: impl IntoIterator<Item = N>) {
    for (total, part) in totals.iter_mut().zip(parts) {
        *total += part;
    }
}
