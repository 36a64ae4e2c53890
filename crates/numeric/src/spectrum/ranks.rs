//! Ranks that vary smoothly with the singular values.

/// exp(−Σ p ln p), p = s / Σs. Roy & Vetterli 2007. `None` when all are zero.
pub fn effective_rank(singular_values: &[f64]) -> Option<f64> {
    let total: f64 = singular_values.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let entropy: f64 = singular_values
        .iter()
        .map(|value| value / total)
        .filter(|p| *p > 0.0)
        .map(|p| -p * p.ln())
        .sum();
    Some(entropy.exp())
}

/// Σs² / max s². `None` when all are zero.
pub fn stable_rank(singular_values: &[f64]) -> Option<f64> {
    let largest = singular_values.iter().copied().fold(0.0, f64::max);
    let sum: f64 = singular_values
        .iter()
        .map(|value| (value / largest).powi(2))
        .sum();
    (largest > 0.0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_count_fully() {
        assert!((effective_rank(&[3.0; 4]).unwrap() - 4.0).abs() < 1e-12);
        assert!((stable_rank(&[3.0; 4]).unwrap() - 4.0).abs() < 1e-12);
    }

    #[test]
    fn zero_has_none() {
        assert_eq!(effective_rank(&[0.0; 4]), None);
        assert_eq!(stable_rank(&[0.0; 4]), None);
    }
}
