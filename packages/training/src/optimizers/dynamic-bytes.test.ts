import { fromBytes, SIGNED, toBytes, UNSIGNED } from './dynamic-bytes.js';

const values = Float32Array.from({ length: 700 }, (_, i) => Math.sin(i * 1.7) * 10 ** ((i % 13) - 9));
const roundTrip = (given: Float32Array, code = SIGNED): Float32Array => {
  const bytes = new Uint8Array(given.length);
  const scales = toBytes(given, code, bytes);
  return fromBytes(bytes, scales, code);
};

test('there are 256 shares, in order, with 0 and 1 among them', () => {
  for (const { shares } of [SIGNED, UNSIGNED]) {
    expect(shares).toHaveLength(256);
    expect(new Set(shares).size).toBe(256);
    expect([...shares]).toEqual([...shares].sort((a, b) => a - b));
    expect(shares).toContain(0);
    expect(shares[255]).toBe(1);
  }
  expect(UNSIGNED.shares[0]).toBe(0);
  // Midpoints of the 64 and 128 parts of the decade from 0.1 to 1.
  expect(SIGNED.shares[0]).toBeCloseTo(-(1 - 0.9 / 128), 7);
  expect(UNSIGNED.shares[254]).toBeCloseTo(1 - 0.9 / 256, 7);
});

test('each byte stands for the nearest share of its block', () => {
  for (const [given, code] of [
    [values, SIGNED],
    [values.map(Math.abs), UNSIGNED],
  ] as const) {
    const found = roundTrip(given, code);
    given.forEach((value, i) => {
      const block = given.slice(256 * Math.floor(i / 256), 256 * (Math.floor(i / 256) + 1));
      const scale = Math.max(...block.map(Math.abs));
      const allowed = code === UNSIGNED && value > 0 ? code.shares.slice(1) : code.shares;
      const least = Math.min(...Array.from(allowed, (share) => Math.abs(value / scale - share)));
      expect(Math.abs(value / scale - found[i]! / scale)).toBeCloseTo(least, 7);
      if (code === UNSIGNED) expect(found[i] === 0).toBe(value === 0);
    });
  }
});

test('what was rounded once stays, zeros too', () => {
  const once = roundTrip(values.map(Math.abs), UNSIGNED);
  expect(roundTrip(once, UNSIGNED)).toEqual(once);
  expect(roundTrip(new Float32Array(300))).toEqual(new Float32Array(300));
  expect(roundTrip(Float32Array.of(0, 3, 0))).toEqual(Float32Array.of(0, 3, 0));
});
