/**
 * Seeded numbers keyed by (seed, stream, index), so that a value does not depend on what was drawn before it. Two rounds of
 * MurmurHash3's 32-bit finaliser over a Weyl sequence of the index; for shuffling, dropout and small new weights.
 */
export interface RandomKey {
  /** From `streamKey`. */
  readonly low: number;
  readonly high: number;
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Key of one stream: of one epoch's shuffle, of one module's dropout at one step. */
export function streamKey(seed: bigint, ...parts: readonly (number | string)[]): RandomKey {
  let low = mix(Number(seed & 0xffffffffn));
  let high = mix(Number((seed >> 32n) & 0xffffffffn) ^ 0x9e3779b9);
  const absorb = (word: number): void => {
    low = mix(low ^ word);
    high = mix(high + Math.imul(word, 0x27d4eb2f) + low);
  };
  for (const part of parts) {
    if (typeof part === 'number') {
      absorb(part >>> 0);
      absorb(Math.floor(part / 2 ** 32));
    } else {
      for (const byte of Buffer.from(part)) absorb(byte + 1);
      absorb(0x100);
    }
  }
  return { low, high };
}

/** 32 uniform bits, as an integer from 0. */
export const randomBits = (key: RandomKey, index: number): number =>
  mix(mix((Math.imul(index, 0x9e3779b1) + key.low) | 0) ^ key.high);

/** Uniform in (0, 1). */
const uniform = (key: RandomKey, index: number): number => (randomBits(key, index) + 0.5) / 2 ** 32;

/** Normal numbers with mean 0 by Box and Muller's transform. */
export function randomNormals(key: RandomKey, length: number, standardDeviation: number): Float32Array {
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const radius = Math.sqrt(-2 * Math.log(uniform(key, 2 * i)));
    out[i] = standardDeviation * radius * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));
  }
  return out;
}

/** 0 … length−1 in random order (Fisher and Yates). */
export function randomOrder(key: RandomKey, length: number): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor((randomBits(key, i) / 2 ** 32) * (i + 1));
    const held = order[i] ?? 0;
    order[i] = order[j] ?? 0;
    order[j] = held;
  }
  return order;
}

/** Inverted dropout mask: 0 with probability `rate`, else 1/(1−rate). */
export function dropoutMask(key: RandomKey, length: number, rate: number): Float32Array {
  const threshold = Math.round(rate * 2 ** 32);
  const keep = 1 / (1 - rate);
  const mask = new Float32Array(length);
  for (let i = 0; i < length; i++) if (randomBits(key, i) >= threshold) mask[i] = keep;
  return mask;
}
