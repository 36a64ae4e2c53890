/** Bits of the fraction, and the exponent of the smallest normal number. */
const FORMATS: Readonly<Record<string, readonly [fraction: number, smallest: number]>> = {
  BF16: [7, -126],
  F16: [10, -14],
};

/** The distance between neighbours of a format at the smaller of two of its numbers: across a power of two they are that near. */
function stepAt(x: number, y: number, [fraction, smallest]: readonly [number, number]): number {
  const least = Math.min(Math.abs(x), Math.abs(y));
  return 2 ** (Math.max(least === 0 ? smallest : Math.floor(Math.log2(least)), smallest) - fraction);
}

/**
 * How many values of a merged tensor lie outside the bounds of tests/golden/mergekit/README.md: f32 within 1e-6 of the tensor's largest
 * value; bf16 and f16 within one step, or 1e-8 where models cancel to 0. A value that is missing or NaN counts.
 */
export function beyondMergeBounds(actual: Float32Array, expected: Float32Array, dtype: string): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.filter((value, i) => {
    const got = actual[i] ?? NaN;
    const format = FORMATS[dtype];
    const bound = format === undefined ? 1e-6 * largest : Math.max(1e-8, stepAt(value, got, format));
    return !(Math.abs(value - got) <= bound);
  }).length;
}
