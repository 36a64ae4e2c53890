//! The tail of a spectrum whose determinant is one. Martin & Mahoney's "detX" condition.

use super::power_law::are_equal;

/// A tail of eigenvalues, rescaled to mean 1, whose product has just fallen below 1.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTail {
    /// Eigenvalues in the tail.
    pub count: usize,
    /// The smallest of them.
    pub value: Option<f64>,
}

/// The shortest run of largest eigenvalues (ascending input) whose product is below 1 after scaling to mean 1. All of them when
/// no run of fewer is; none when they are all equal up to rounding.
pub fn unit_tail(eigenvalues: &[f64]) -> UnitTail {
    let count = eigenvalues.len();
    if count < 2 || are_equal(eigenvalues) {
        return UnitTail {
            count: 0,
            value: None,
        };
    }
    let scale = count as f64 / eigenvalues.iter().sum::<f64>();
    let mut log = 0.0;
    for i in (1..count).rev() {
        log += (scale * eigenvalues[i]).ln();
        if log < 0.0 {
            return UnitTail {
                count: count - i,
                value: Some(eigenvalues[i]),
            };
        }
    }
    UnitTail {
        count,
        value: Some(eigenvalues[1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_until_the_product_is_below_one() {
        // Mean 1 already: 2.5 > 1, 2.5·1 > 1, 2.5·1·0.3 < 1.
        let tail = unit_tail(&[0.2, 0.3, 1.0, 2.5]);
        assert_eq!(
            tail,
            UnitTail {
                count: 3,
                value: Some(0.3)
            }
        );
    }

    #[test]
    fn equal_eigenvalues_have_no_tail() {
        assert_eq!(unit_tail(&[1.0; 5]).count, 0);
        assert_eq!(unit_tail(&[1.0, 1.0 + 1e-7, 1.0 + 2e-7]).count, 0);
    }
}
