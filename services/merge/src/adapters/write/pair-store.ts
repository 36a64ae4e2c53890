import { type FileHandle, open, rm } from 'node:fs/promises';

import { internal } from '@eigenloom/errors';

/** Where the factors of one module lie in the store. */
interface Place {
  readonly start: number;
  readonly a: number;
  readonly b: number;
}

/**
 * Pairs on disk until all ranks are known and the adapter can be laid out, so that only one is in memory. Neither synced nor read by
 * another process.
 */
export class PairStore {
  private readonly places = new Map<string, Place>();
  private end = 0;

  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** An empty store in a file of its own. */
  static async create(path: string): Promise<PairStore> {
    return new PairStore(path, await open(path, 'w+'));
  }

  async add(module: string, a: Float32Array, b: Float32Array): Promise<void> {
    const start = this.end;
    for (const factor of [a, b]) {
      const bytes = new Uint8Array(factor.buffer, factor.byteOffset, factor.byteLength);
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.end + done);
        done += bytesWritten;
      }
      this.end += bytes.length;
    }
    this.places.set(module, { start, a: a.byteLength, b: b.byteLength });
  }

  async read(module: string): Promise<{ a: Float32Array; b: Float32Array }> {
    const place = this.places.get(module);
    if (place === undefined) throw internal('PAIR_NOT_STORED', `${module} has not been merged`);
    return {
      a: await this.bytes(place.start, place.a),
      b: await this.bytes(place.start + place.a, place.b),
    };
  }

  async remove(): Promise<void> {
    await this.handle.close();
    await rm(this.path, { force: true });
  }

  private async bytes(start: number, length: number): Promise<Float32Array> {
    const values = new Float32Array(length / Float32Array.BYTES_PER_ELEMENT);
    const bytes = new Uint8Array(values.buffer);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.handle.read(bytes, done, length - done, start + done);
      if (bytesRead === 0) throw internal('PAIR_NOT_STORED', 'the store of merged pairs ended early');
      done += bytesRead;
    }
    return values;
  }
}
