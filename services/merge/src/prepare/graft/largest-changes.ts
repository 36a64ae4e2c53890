/** A change of a tensor: model − base, each element rounded to f32. */
export interface Change {
  readonly reference: Float32Array;
  readonly model: Float32Array;
}

const HALF_BITS = 16;
const HALF = 1 << HALF_BITS;

/**
 * For each tensor 1 where the change is among the `count` largest magnitudes of all tensors together, else 0; of equal magnitudes the
 * earlier. Exact, in two passes over 16 bits each: the order of magnitudes is that of their bits.
 */
export function largestChanges(changes: readonly Change[], count: number): Uint8Array[] {
  const high = new Float64Array(HALF);
  eachMagnitude(changes, (bits) => {
    high[bits >>> HALF_BITS] = (high[bits >>> HALF_BITS] ?? 0) + 1;
  });
  const upper = cutOf(high, count);
  const low = new Float64Array(HALF);
  eachMagnitude(changes, (bits) => {
    if (bits >>> HALF_BITS === upper.bin) low[bits % HALF] = (low[bits % HALF] ?? 0) + 1;
  });
  const lower = cutOf(low, upper.left);
  const cut = upper.bin * HALF + lower.bin;
  const masks = changes.map(({ model }) => new Uint8Array(model.length));
  let { left } = lower;
  eachMagnitude(changes, (bits, tensor, element) => {
    const mask = masks[tensor];
    // An unchanged element is not part of a graft.
    if (mask === undefined || bits === 0 || bits < cut || (bits === cut && left === 0)) return;
    if (bits === cut) left -= 1;
    mask[element] = 1;
  });
  return masks;
}

/** The bin of the last of the `count` largest, and how many of it are among them. */
function cutOf(histogram: Float64Array, count: number): { bin: number; left: number } {
  let left = count;
  for (let bin = HALF - 1; bin > 0; bin -= 1) {
    const here = histogram[bin] ?? 0;
    if (here >= left) return { bin, left };
    left -= here;
  }
  return { bin: 0, left };
}

function eachMagnitude(
  changes: readonly Change[],
  visit: (bits: number, tensor: number, element: number) => void,
): void {
  const value = new Float32Array(1);
  const bits = new Uint32Array(value.buffer);
  for (const [tensor, { reference, model }] of changes.entries()) {
    for (let i = 0; i < model.length; i += 1) {
      value[0] = Math.abs((model[i] ?? 0) - (reference[i] ?? 0));
      visit(bits[0] ?? 0, tensor, i);
    }
  }
}
