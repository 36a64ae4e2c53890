/** Arrays below this many bytes are cheap to make: the allocator has such memory at hand. */
const SMALL = 1 << 14;
/** Sizes are rounded up to one of so many in each power of two, so that steps of nearly equal shapes share memory. */
const SIZES_PER_DOUBLING = 8;
/** Memory held may exceed the most that was ever in use by this factor before unused memory is let go. */
const SLACK = 1.25;

interface Free {
  readonly buffer: ArrayBuffer;
  /** When it was given back, in the order of all. */
  readonly since: number;
}

/** What a pool holds. */
export interface PoolUse {
  /** Bytes of arrays that are in use. */
  readonly used: number;
  /** Bytes that wait to be used again. */
  readonly free: number;
  /** Buffers made so far: a number that no longer grows is a step that needs no fresh memory. */
  readonly made: number;
}

/**
 * Memory of tensors that are gone, for those to come. Fresh memory costs a page fault and 4 KiB of zeros for every 4 KiB, which for the
 * activations of a step takes longer than many of its kernels.
 */
export class BufferPool {
  readonly #free = new Map<number, Free[]>();
  #used = 0;
  #unused = 0;
  #mostUsed = 0;
  #given = 0;
  #made = 0;

  /** An array of that many elements, which hold anything. */
  take(length: number): Float32Array {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    if (bytes < SMALL) return new Float32Array(length);
    const size = rounded(bytes);
    this.#used += size;
    this.#mostUsed = Math.max(this.#mostUsed, this.#used);
    const kept = this.#free.get(size)?.pop();
    if (kept !== undefined) {
      this.#unused -= size;
      return new Float32Array(kept.buffer, 0, length);
    }
    while (this.#unused > 0 && this.#used + this.#unused > SLACK * this.#mostUsed) this.#dropOldest();
    this.#made += 1;
    return new Float32Array(new ArrayBuffer(size), 0, length);
  }

  /** Takes an array back that `take` gave; nothing may use it any more. */
  give(values: Float32Array): void {
    const { buffer } = values;
    const size = buffer.byteLength;
    if (!(buffer instanceof ArrayBuffer) || size < SMALL) return;
    this.forget(values);
    const all = this.#free.get(size) ?? [];
    this.#free.set(size, all);
    this.#given += 1;
    all.push({ buffer, since: this.#given });
    this.#unused += size;
  }

  /** Counts an array out that others keep. */
  forget(values: Float32Array): void {
    if (values.buffer.byteLength >= SMALL) this.#used -= values.buffer.byteLength;
  }

  get use(): PoolUse {
    return { used: this.#used, free: this.#unused, made: this.#made };
  }

  #dropOldest(): void {
    let [oldest, since] = [0, Infinity];
    for (const [size, [first]] of this.#free)
      if (first !== undefined && first.since < since) [oldest, since] = [size, first.since];
    this.#free.get(oldest)?.shift();
    this.#unused -= oldest;
  }
}

/** The size that is used for `bytes`: at most an eighth more. */
function rounded(bytes: number): number {
  const step = 2 ** Math.floor(Math.log2(bytes)) / SIZES_PER_DOUBLING;
  return Math.ceil(bytes / step) * step;
}
