//! Chances of surviving by rank.

use crate::merge::program::Survivors;
use crate::random::WORDS;

/// What happens to the element of each rank, the smallest magnitude first.
#[derive(Debug, Clone, PartialEq)]
pub struct Chances {
    /// The element stays where its random word is below.
    pub below: Vec<u64>,
    /// What stays is divided by this.
    pub divisors: Vec<f64>,
}

impl Chances {
    /// Of n elements that of rank r stays with probability ρ − s + 2s·r/(n−1).
    pub fn new(elements: usize, density: f64, spread: f64, survivors: Survivors) -> Self {
        let last = elements.saturating_sub(1);
        let probability = |rank: usize| {
            let share = if last > 0 {
                rank as f64 / last as f64
            } else {
                0.5
            };
            density - spread + 2.0 * spread * share
        };
        let probabilities = (0..elements).map(probability);
        Self {
            // A word is below a number where it is below the next integer.
            below: probabilities
                .clone()
                .map(|probability| (probability * WORDS).ceil() as u64)
                .collect(),
            divisors: probabilities
                .map(|probability| survivors.divisor(probability))
                .collect(),
        }
    }
}
