//! Softmax cross entropy of each row against one class.

use super::norm::lane_sum;
use super::{scalar, simd, softmax, split};

simd! {
    fn loss_row(row: &[f32], label: usize) -> f32 {
        let top = softmax::row_top(row);
        lane_sum([row], |[v]| scalar::exp(v - top)).ln() + top - row[label]
    }
}

simd! {
    fn gradient_row(row: &mut [f32], label: usize, factor: f32) {
        softmax::softmax_in_place(row);
        if let Some(chosen) = row.get_mut(label) {
            *chosen -= 1.0;
        }
        row.iter_mut().for_each(|v| *v *= factor);
    }
}

/// −log softmax(row)[label] for each row; 0 where the label is no class (negative marks padding).
pub fn forward(logits: &[f32], labels: &[i32], classes: usize, losses: &mut [f32]) {
    let cost = classes.max(1);
    let out = split::Shared(losses.as_mut_ptr());
    assert!(logits.len() == labels.len() * classes && losses.len() == labels.len());
    split::each(labels.len(), cost, |row| {
        let label = usize::try_from(labels[row])
            .ok()
            .filter(|&label| label < classes);
        let loss = label.map_or(0.0, |label| {
            loss_row(&logits[row * classes..][..classes], label)
        });
        // SAFETY: row is below the length of losses.
        unsafe { *out.at(row) = loss };
    });
}

/// (softmax(row) − one-hot(label)) · dy[row]; 0 where the label is negative.
pub fn gradient(logits: &[f32], labels: &[i32], dy: &[f32], classes: usize, out: &mut [f32]) {
    split::rows(out, classes.max(1), |start, part| {
        for (i, row) in part.chunks_exact_mut(classes).enumerate() {
            let at = start + i;
            let Ok(label) = usize::try_from(labels[at]) else {
                row.fill(0.0);
                continue;
            };
            row.copy_from_slice(&logits[at * classes..][..classes]);
            gradient_row(row, label, dy[at]);
        }
    });
}
