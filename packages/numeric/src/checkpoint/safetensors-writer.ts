import { basename } from 'node:path';

import type { Real } from '../matrix.js';
import { addon } from '../native/addon.js';
import { type CallOptions, call } from '../native/call.js';
import type { Dtype } from './dtype.js';
import { aboutFile } from './file-error.js';
import { nonFiniteResult } from './non-finite-result.js';
import type { NativeSafetensorsWriter } from './native-checkpoint.js';

/** A tensor that will be written. */
export interface TensorPlan {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

export interface WriterOptions extends CallOptions {
  /**
   * Keeps values that are NaN or infinite, or become so where they are rounded. Whoever asks its user gives `false` otherwise, and the
   * error says how to allow them.
   */
  readonly allowNonFinite?: boolean | undefined;
}

/**
 * Writes a safetensors file whose tensors are known beforehand, in any order. The file stands under a temporary name until
 * `finish`; `discard` removes it. Errors: `DISK_FULL`, `CORRUPT_SAFETENSORS` (two tensors of one name), `SHAPE_MISMATCH`,
 * `NON_FINITE_RESULT`.
 */
export class SafetensorsWriter {
  private constructor(
    private readonly file: string,
    /** The handle that merging passes on to the core. */
    readonly native: NativeSafetensorsWriter,
    private readonly canAllow: boolean,
  ) {}

  static async create(
    path: string,
    plans: readonly TensorPlan[],
    metadata: Readonly<Record<string, string>> = { format: 'pt' },
    options: WriterOptions = {},
  ): Promise<SafetensorsWriter> {
    const file = basename(path);
    const { allowNonFinite } = options;
    const native = await aboutFile(file, () =>
      call(file, options, (task) =>
        addon().createSafetensors(task, path, plans, metadata, allowNonFinite ?? false),
      ),
    );
    return new SafetensorsWriter(file, native, allowNonFinite !== undefined);
  }

  /** Writes a whole tensor: numbers are rounded once, to nearest even, to its storage type; bytes go as they are. */
  async write(name: string, data: Real | Uint8Array, options: CallOptions = {}): Promise<void> {
    await call(`${this.file}: tensor ${name}`, options, (task) => this.native.write(task, name, data));
  }

  /**
   * Makes the file durable and gives it its name. Fails if a tensor is missing or, where that is not allowed, has become NaN or
   * infinite. Returns the SHA-256 of the file, lower-case hex.
   */
  async finish(options: CallOptions = {}): Promise<string> {
    const [first, ...more] = this.native.nonFinite();
    if (first !== undefined) throw nonFiniteResult(first, more.length, this.canAllow);
    return call(this.file, options, (task) => this.native.finish(task));
  }

  discard(): void {
    this.native.discard();
  }
}
