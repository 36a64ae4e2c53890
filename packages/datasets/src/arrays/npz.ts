import { AppError, corruptData } from '@eigenloom/errors';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

import { type ByteSource, gather } from './byte-source.js';

const SUFFIX = '.npy';

/** The arrays of a `.npz` archive by name; one is unpacked into memory when it is read. */
export class Npz {
  private constructor(
    private readonly name: string,
    private readonly zip: ZipFile,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {}

  /** Errors: `NPZ_INVALID`. */
  static async open(path: string, name: string): Promise<Npz> {
    try {
      const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
      try {
        const entries = new Map<string, Entry>();
        for await (const entry of zip.eachEntry()) {
          if (entry.fileName.endsWith(SUFFIX)) entries.set(entry.fileName.slice(0, -SUFFIX.length), entry);
        }
        return new Npz(name, zip, entries);
      } catch (error) {
        zip.close();
        throw error;
      }
    } catch (cause) {
      throw invalid(name, cause);
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** The bytes of a `.npy` file; undefined where there is none of that name. Errors: `NPZ_INVALID`, `ARRAY_TOO_LARGE`. */
  async read(array: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const entry = this.entries.get(array);
    if (entry === undefined) return undefined;
    try {
      return await gather(await this.zip.openReadStreamPromise(entry), `${this.name}/${array}`, signal);
    } catch (cause) {
      if (cause instanceof AppError || signal?.aborted === true) throw cause;
      throw invalid(this.name, cause);
    }
  }

  close(): void {
    this.zip.close();
  }
}

const invalid = (name: string, cause: unknown): Error =>
  corruptData('NPZ_INVALID', `${name}: not an archive of NumPy arrays: ${String(cause)}`, { cause });
