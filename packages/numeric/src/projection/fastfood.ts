import { checkSize } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { checkWord } from '../random.js';
import type { NativeFastfood } from './native-projection.js';

export interface FastfoodSize {
  /** Unsigned 64 bits. */
  readonly seed: bigint;
  /** d. */
  readonly columns: number;
  /** D. */
  readonly rows: number;
}

/**
 * A random D × d matrix of columns of norm 1 (nearly, where D is no multiple of 2^⌈log₂ d⌉) that is never written out: products take
 * O(D log d), and the matrix 8 bytes a row. It follows from the seed and its size. Source: Le, Sarlós & Smola, Fastfood, ICML 2013: stacked
 * blocks H·G·Π·H·B.
 */
export class Fastfood {
  private constructor(private readonly native: NativeFastfood) {}

  /** Errors: `OUT_OF_RANGE`, `LIMIT_EXCEEDED`, CANCELLED. */
  static async draw({ seed, columns, rows }: FastfoodSize, options: CallOptions = {}): Promise<Fastfood> {
    checkWord('seed', seed);
    checkSize('columns', columns);
    checkSize('rows', rows);
    return new Fastfood(
      await call('projection', options, (task) => addon().drawFastfood(task, seed, columns, rows)),
    );
  }

  /** P·x: D numbers from d. Errors: `SHAPE_MISMATCH`, CANCELLED. */
  project(x: Float32Array, options: CallOptions = {}): Promise<Float32Array> {
    return call('projection', options, (task) => this.native.project(task, x));
  }

  /** Pᵀ·y: d numbers from D. Errors: `SHAPE_MISMATCH`, CANCELLED. */
  transpose(y: Float32Array, options: CallOptions = {}): Promise<Float32Array> {
    return call('projection', options, (task) => this.native.transpose(task, y));
  }
}
