/** Distance of two bf16 numbers in steps; the bits of a bf16 in order of value. */
function bf16Steps(x: number, y: number): number {
  const order = (value: number): number => {
    const bits = (new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0) >>> 16;
    return bits & 0x8000 ? -(bits & 0x7fff) : bits;
  };
  return Math.abs(order(x) - order(y));
}

/**
 * How many values of a merged tensor lie outside the bounds of tests/golden/mergekit/README.md: f32 within 1e-6 of the tensor's largest
 * value; bf16 within one step, or 1e-8 where models cancel to 0. A value that is missing or NaN counts.
 */
export function beyondMergeBounds(actual: Float32Array, expected: Float32Array, dtype: string): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.filter((value, i) => {
    const got = actual[i] ?? NaN;
    const off = Math.abs(value - got);
    return dtype === 'BF16' ? !(bf16Steps(value, got) <= 1 || off <= 1e-8) : !(off <= 1e-6 * largest);
  }).length;
}
