//! What the tests of kernels share.

/// Numbers in −1 ≤ x < 1 that depend on the seed alone.
pub fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Panics unless each number is within `tolerance` of the expected one, for values of about size 1.
pub fn near(name: &str, actual: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{name}");
    for (i, (&got, &want)) in actual.iter().zip(expected).enumerate() {
        let off = (f64::from(got) - want).abs();
        assert!(
            off <= tolerance * (1.0 + want.abs()),
            "{name}: element {i} is {got}, not {want}"
        );
    }
}

/// The result of `run` on that many threads.
pub fn with_threads<R: Send>(count: usize, run: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.expect("threads").install(run)
}
