import { beyondMergeBounds } from './merge-bounds.js';

const beyond = (actual: number, expected: number, dtype: string): number =>
  beyondMergeBounds(Float32Array.of(actual), Float32Array.of(expected), dtype);

test.each([
  // One step, then two: within a power of two, and across one, below which neighbours are half as far.
  ['BF16', 1.5, 2 ** -7],
  ['BF16', 1, 2 ** -8],
  ['F16', 1.5, 2 ** -10],
  ['F16', 1, 2 ** -11],
  ['F16', 2 ** -14, 2 ** -24],
] as const)('%s at %p may be one step off', (dtype, value, step) => {
  expect(beyond(value - step, value, dtype)).toBe(0);
  expect(beyond(value, value - step, dtype)).toBe(0);
  expect(beyond(value - 2 * step, value, dtype)).toBe(1);
  expect(beyond(value, value - 2 * step, dtype)).toBe(1);
});

test('f32 may be off by a millionth of the largest value; NaN and what is missing count', () => {
  const expected = Float32Array.of(8, 1, 1);
  expect(beyondMergeBounds(Float32Array.of(8, 1 + 7e-6, 1), expected, 'F32')).toBe(0);
  expect(beyondMergeBounds(Float32Array.of(8, 1 + 9e-6, NaN), expected, 'F32')).toBe(2);
  expect(beyondMergeBounds(Float32Array.of(8), expected, 'F32')).toBe(2);
});
