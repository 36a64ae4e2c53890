//! Gathering rows by index, and adding rows up by index.

use super::split::{self, Shared};
use crate::{Error, Reason, Result};

/// Rows of `width` of each of `outer` tables of `size` rows, picked by `indices` → (outer, indices, width).
pub fn gather(
    x: &[f32],
    (outer, size, width): (usize, usize, usize),
    indices: &[i32],
    out: &mut [f32],
) -> Result<()> {
    if let Some(bad) = indices.iter().find(|&&i| i < 0 || i as usize >= size) {
        return Err(Error::new(
            Reason::OutOfRange,
            format!("index {bad} of {size} rows"),
        ));
    }
    assert!(x.len() == outer * size * width && out.len() == outer * indices.len() * width);
    split::rows(out, width.max(1), |start, part| {
        for (i, row) in part.chunks_exact_mut(width).enumerate() {
            let at = start + i;
            let from = at / indices.len() * size + indices[at % indices.len()] as usize;
            row.copy_from_slice(&x[from * width..][..width]);
        }
    });
    Ok(())
}

/// Columns that one task adds up over all rows, so that the order of sums is that of the rows.
const STRIP: usize = 64;

/// out[ids[i]] += x[i] for rows of `width`, from zero; rows with an id outside 0 ≤ id < segments are left out.
pub fn segment_sum(x: &[f32], ids: &[i32], width: usize, out: &mut [f32]) {
    out.fill(0.0);
    if out.is_empty() || ids.is_empty() {
        return;
    }
    let segments = out.len() / width;
    assert!(x.len() == ids.len() * width);
    let shared = Shared(out.as_mut_ptr());
    split::each(width.div_ceil(STRIP), ids.len() * STRIP, |strip| {
        let columns = strip * STRIP..width.min((strip + 1) * STRIP);
        for (row, &id) in ids.iter().enumerate() {
            let Some(id) = usize::try_from(id).ok().filter(|&id| id < segments) else {
                continue;
            };
            let from = &x[row * width + columns.start..row * width + columns.end];
            // SAFETY: id and columns are in range, and each strip has its own columns.
            let to = unsafe {
                std::slice::from_raw_parts_mut(shared.at(id * width + columns.start), from.len())
            };
            to.iter_mut().zip(from).for_each(|(y, v)| *y += v);
        }
    });
}

/// out[ids[i]] = x[i] for rows of `width`; of rows with the same id the last one stays, and rows without one stay as they are.
pub fn scatter(x: &[f32], ids: &[i32], width: usize, out: &mut [f32]) -> Result<()> {
    let rows = out.len().checked_div(width).unwrap_or(0);
    if let Some(bad) = ids.iter().find(|&&i| i < 0 || i as usize >= rows) {
        return Err(Error::new(
            Reason::OutOfRange,
            format!("index {bad} of {rows} rows"),
        ));
    }
    assert!(x.len() == ids.len() * width);
    for (row, &id) in x.chunks_exact(width.max(1)).zip(ids) {
        out[id as usize * width..][..width].copy_from_slice(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_replaced_and_the_last_of_equal_ids_stays() {
        let mut out = [9.0; 8];
        scatter(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 0, 2], 2, &mut out).unwrap();
        assert_eq!(out, [3.0, 4.0, 9.0, 9.0, 5.0, 6.0, 9.0, 9.0]);
    }

    #[test]
    fn an_id_beyond_the_rows_is_refused_before_anything_is_written() {
        let mut out = [9.0; 4];
        assert!(scatter(&[1.0, 2.0, 3.0, 4.0], &[0, 2], 2, &mut out).is_err());
        assert!(scatter(&[1.0, 2.0], &[-1], 2, &mut out).is_err());
        assert_eq!(out, [9.0; 4]);
    }
}
