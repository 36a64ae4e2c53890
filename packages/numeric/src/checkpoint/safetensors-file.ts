import { basename } from 'node:path';

import { notFound } from '@eigenloom/errors';

import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import { type Dtype, isDtype } from './dtype.js';
import { aboutFile } from './file-error.js';
import type { NativeSafetensorsFile } from './native-checkpoint.js';

/** A tensor of a file. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** What a tensor is read as, and the array that comes of it. */
export interface ReadAs {
  f32: Float32Array;
  f64: Float64Array;
  /** The stored bytes, little-endian. */
  raw: Uint8Array;
}

export interface OpenFileOptions extends CallOptions {
  /** Largest header that is read, in bytes. Default and most: 100 000 000, as in the reference implementation. */
  readonly maxHeaderBytes?: number | undefined;
}

export const MAX_HEADER_BYTES = 100_000_000;

/**
 * A safetensors file whose header has been checked: every byte of the data belongs to exactly one tensor.
 * Errors: `CORRUPT_SAFETENSORS` with `details.fault`, `FILE_NOT_FOUND`, `UNKNOWN_TENSOR`.
 */
export class SafetensorsFile {
  /** Base name, for messages. */
  readonly file: string;
  /** In order of the data. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;

  private constructor(
    readonly path: string,
    /** The handle that merging passes on to the core. */
    readonly native: NativeSafetensorsFile,
  ) {
    this.file = basename(path);
    this.tensors = new Map(native.tensors().map((tensor) => [tensor.name, storedTensor(tensor)]));
    this.metadata = native.metadata();
  }

  static async open(path: string, options: OpenFileOptions = {}): Promise<SafetensorsFile> {
    const file = basename(path);
    const cap = options.maxHeaderBytes ?? MAX_HEADER_BYTES;
    const native = await aboutFile(file, () =>
      call(file, options, (task) => addon().openSafetensors(task, path, cap)),
    );
    return new SafetensorsFile(path, native);
  }

  /** Device and inode, `2-34`: which file this is, whatever has its path now. */
  get identity(): string {
    return this.native.identity();
  }

  /** A tensor, converted if needed. Integers become floating-point numbers of the same value where they fit. */
  async read<K extends keyof ReadAs>(name: string, as: K, options: CallOptions = {}): Promise<ReadAs[K]> {
    this.#find(name);
    const read = { f32: 'readF32', f64: 'readF64', raw: 'readRaw' } as const;
    return aboutFile(this.file, () =>
      call(this.file, options, async (task) => (await this.native[read[as]](task, name)) as ReadAs[K]),
    );
  }

  /**
   * Rows `first` to `first + count` of a tensor along its first axis, so that a tensor larger than the memory can be gone through. A scalar
   * is one row. Errors: `OUT_OF_RANGE` where there are not as many; those of `read`.
   */
  async readRows(
    name: string,
    { first, count }: { readonly first: number; readonly count: number },
    options: CallOptions = {},
  ): Promise<Float64Array> {
    const width = this.#find(name)
      .shape.slice(1)
      .reduce((product, size) => product * size, 1);
    return aboutFile(this.file, () =>
      call(this.file, options, (task) => this.native.readPartF64(task, name, first * width, count * width)),
    );
  }

  #find(name: string): StoredTensor {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) {
      throw notFound('UNKNOWN_TENSOR', `${this.file}: no tensor ${JSON.stringify(name)}`);
    }
    return tensor;
  }

  /** NaN and infinite elements of a tensor. */
  async countNonFinite(name: string, options: CallOptions = {}): Promise<number> {
    return aboutFile(this.file, () =>
      call(this.file, options, (task) => this.native.countNonFinite(task, name)),
    );
  }
}

function storedTensor(tensor: {
  name: string;
  dtype: string;
  shape: readonly number[];
  byteLength: number;
}): StoredTensor {
  const { name, dtype, shape, byteLength } = tensor;
  if (!isDtype(dtype))
    throw new TypeError(`the core knows a storage type that this package does not: ${dtype}`);
  return { name, dtype, shape, byteLength };
}
