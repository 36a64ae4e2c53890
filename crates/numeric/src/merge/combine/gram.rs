//! Dot products of vectors, and what follows from them for their combinations.

/// Dot products of n vectors: the upper triangle by rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    size: usize,
    products: Vec<f64>,
}

impl Gram {
    /// From the upper triangle.
    pub fn new(size: usize, products: Vec<f64>) -> Self {
        debug_assert_eq!(products.len(), pairs(size).count());
        Self { size, products }
    }

    /// Number of vectors.
    pub fn size(&self) -> usize {
        self.size
    }

    /// xᵢ·xⱼ.
    pub fn dot(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.min(j), i.max(j));
        self.products[i * (2 * self.size - i + 1) / 2 + j - i]
    }

    /// ‖xᵢ‖.
    pub fn norm(&self, i: usize) -> f64 {
        self.dot(i, i).sqrt()
    }

    /// (Σ aᵢxᵢ)·(Σ bᵢxᵢ).
    pub fn product(&self, a: &[f64], b: &[f64]) -> f64 {
        let row = |i: usize| (0..self.size).map(|j| b[j] * self.dot(i, j)).sum::<f64>();
        (0..self.size).map(|i| a[i] * row(i)).sum()
    }

    /// ‖Σ aᵢxᵢ‖; rounding can make the square of a small one negative.
    pub fn length(&self, a: &[f64]) -> f64 {
        let square = self.product(a, a);
        if square < 0.0 { 0.0 } else { square.sqrt() }
    }
}

/// The pairs of the upper triangle, by rows.
pub fn pairs(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).flat_map(move |i| (i..size).map(move |j| (i, j)))
}
