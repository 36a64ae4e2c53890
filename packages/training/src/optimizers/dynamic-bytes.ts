/**
 * Numbers as bytes: block-wise dynamic quantisation. Dettmers et al. 2021, arXiv:2110.02861, section 2. A block shares a scale, its
 * largest magnitude; a byte names one of 256 shares of it, which lie closer together where they are small.
 */

/** Numbers that share a scale. The paper has 2048; in smaller blocks an outlier harms fewer neighbours. */
const BLOCK = 256;
/** Powers of ten that the shares cover. */
const DECADES = 7;

/** The 256 shares that bytes stand for, and the 255 limits between them. */
export interface DynamicCode {
  readonly shares: Float32Array;
  readonly limits: Float64Array;
}

/**
 * From −1; or from 0 where nothing is negative, so that the sign's bit makes the shares twice as dense. There only zero becomes zero: steps
 * divide by the root of a second moment, and one that vanished beside a first moment that did not would make them huge.
 */
const codeOf = (isSigned: boolean): DynamicCode => {
  const shares = [0, 1];
  for (let decade = 0; decade < DECADES; decade += 1) {
    const parts = 2 ** decade * (isSigned ? 1 : 2);
    for (let part = 0; part < parts; part += 1) {
      const share = (0.1 + (0.9 * (part + 0.5)) / parts) * 10 ** (decade - DECADES + 1);
      shares.push(...(isSigned ? [share, -share] : [share]));
    }
  }
  const sorted = Float32Array.from(shares).sort();
  const limits = Float64Array.from(sorted.subarray(1), (share, i) => ((sorted[i] ?? 0) + share) / 2);
  if (!isSigned) limits[0] = 0;
  return { shares: sorted, limits };
};

export const SIGNED = codeOf(true);
export const UNSIGNED = codeOf(false);

/** Blocks of so many numbers. */
export const blocksOf = (size: number): number => Math.ceil(size / BLOCK);

/** Fills `bytes`, one for each value, and returns the scales of the blocks. */
export function toBytes(values: Float32Array, code: DynamicCode, bytes: Uint8Array): Float32Array {
  const { limits } = code;
  const starts = startsOf(code);
  const scales = new Float32Array(blocksOf(values.length));
  for (let block = 0; block < scales.length; block += 1) {
    const [from, to] = [block * BLOCK, Math.min(values.length, (block + 1) * BLOCK)];
    let scale = 0;
    for (let i = from; i < to; i += 1) scale = Math.max(scale, Math.abs(values[i] ?? 0));
    scales[block] = scale;
    for (let i = from; i < to; i += 1) {
      WORD[0] = scale === 0 ? 0 : (values[i] ?? 0) / scale;
      const share = WORD[0];
      let place = starts[(BITS[0] ?? 0) >>> 16] ?? 0;
      while (place < limits.length && share > (limits[place] ?? 0)) place += 1;
      bytes[i] = place;
    }
  }
  return scales;
}

/** The values of bytes. A block of scale 0 is zero, whatever its bytes. */
export function fromBytes(bytes: Uint8Array, scales: Float32Array, { shares }: DynamicCode): Float32Array {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < values.length; i += 1)
    values[i] = (shares[bytes[i] ?? 0] ?? 0) * (scales[Math.floor(i / BLOCK)] ?? 0);
  return values;
}

/** An f32, and its bits. */
const WORD = new Float32Array(1);
const BITS = new Uint32Array(WORD.buffer);
const UPPER = 2 ** 16;
const tables = new Map<DynamicCode, Uint8Array>();

/**
 * Where the search for a share begins, by the upper 16 bits of its f32: at the place of the smallest number that has them, which leaves a
 * limit or two to pass. Made when it is first needed.
 */
function startsOf(code: DynamicCode): Uint8Array {
  const known = tables.get(code);
  if (known !== undefined) return known;
  const made = Uint8Array.from({ length: UPPER }, (_, upper) => {
    // A negative number is the smaller the larger its lower bits are.
    BITS[0] = upper * UPPER + (upper < UPPER / 2 ? 0 : UPPER - 1);
    return placeOf(code.limits, WORD[0] ?? 0);
  });
  tables.set(code, made);
  return made;
}

/** How many limits lie below a share, which is the place of the nearest one in the code. */
function placeOf(limits: Float64Array, share: number): number {
  let place = 0;
  for (let half = 128; half > 0; half >>= 1)
    if (share > (limits[place + half - 1] ?? Infinity)) place += half;
  return place;
}
