//! The smoothed density that the Marchenko-Pastur law is fitted to.

/// Half-width of the triangular kernel, on eigenvalues scaled to mean 1.
const BANDWIDTH: f64 = 0.1;
/// Points at which the density is read.
const POINTS: usize = 1000;
/// How far the points reach beyond the largest value.
const MARGIN: f64 = 0.5;
/// Densities below count as empty space between spikes.
const EMPTY: f64 = 0.01;

/// A density where it is not negligible.
pub(super) struct Density {
    /// Ascending places.
    pub x: Vec<f64>,
    /// Density at each place.
    pub y: Vec<f64>,
    /// First place with the highest density.
    pub mode: f64,
}

/// Triangular kernel density estimate of ascending values. `None` when it is negligible everywhere.
pub(super) fn estimate(values: &[f64]) -> Option<Density> {
    let end = values.last()? + MARGIN;
    let step = end / (POINTS - 1) as f64;
    let mut density = Density {
        x: Vec::new(),
        y: Vec::new(),
        mode: f64::NAN,
    };
    let mut highest = f64::NEG_INFINITY;
    for i in 0..POINTS {
        let x = if i == POINTS - 1 {
            end
        } else {
            i as f64 * step
        };
        let from = values.partition_point(|value| *value <= x - BANDWIDTH);
        let to = values.partition_point(|value| *value < x + BANDWIDTH);
        let weight: f64 = values[from..to.max(from)]
            .iter()
            .map(|value| 1.0 - (x - value).abs() / BANDWIDTH)
            .sum();
        let y = weight / (values.len() as f64 * BANDWIDTH);
        if y > EMPTY {
            if y > highest {
                highest = y;
                density.mode = x;
            }
            density.x.push(x);
            density.y.push(y);
        }
    }
    (!density.x.is_empty()).then_some(density)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_to_one() {
        let values: Vec<f64> = (0..500).map(|i| 0.2 + 0.004 * f64::from(i)).collect();
        let density = estimate(&values).unwrap();
        let step = density.x[1] - density.x[0];
        let area: f64 = density.y.iter().sum::<f64>() * step;
        assert!((area - 1.0).abs() < 2e-3, "{area}");
    }
}
