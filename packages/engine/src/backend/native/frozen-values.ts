import { kernels } from '@eigenloom/numeric';
import type { FrozenFormat } from '../frozen.js';

const BLOCK = 64;
type Format = Exclude<FrozenFormat, 'f32'>;
const CODES: Readonly<Record<Format, number>> = { bf16: 1, nf4: 2 };
const BYTES: Readonly<Record<Format, (count: number) => number>> = {
  bf16: (count) => 2 * count,
  nf4: (count) => 4 * Math.ceil(count / BLOCK) + Math.ceil(count / 2),
};

/** Numbers in fewer bits, in place of the array of a tensor. */
export class FrozenValues {
  readonly bytes: Uint8Array;
  /** The format as the bridge names it. */
  readonly code: number;
  readonly length: number;

  constructor(values: Float32Array, format: Format) {
    this.code = CODES[format];
    this.length = values.length;
    this.bytes = new Uint8Array(BYTES[format](values.length));
    kernels().kernelFreeze(values, this.code, this.bytes);
  }

  /** All of them. */
  expand(): Float32Array<ArrayBuffer> {
    const out = new Float32Array(this.length);
    this.expandInto(out);
    return out;
  }

  /** Writes all of them to an array of that many. */
  expandInto(out: Float32Array): void {
    kernels().kernelExpand(this.bytes, this.code, out);
  }
}
