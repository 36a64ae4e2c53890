import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { isNativeError } from 'node:util/types';
import { createGunzip } from 'node:zlib';

import { corruptData, limitExceeded } from '@eigenloom/errors';

/** Arrays that are unpacked are held in memory. */
const MAX_UNPACKED_BYTES = 2 * 1024 ** 3;
const GZIP = [0x1f, 0x8b];

/** Bytes that are read where they are asked for. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Errors: `FILE_TRUNCATED`. */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

class FileBytes implements ByteSource {
  constructor(
    readonly name: string,
    readonly size: number,
    private readonly handle: FileHandle,
  ) {}

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(buffer, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw truncated(this.name, offset + length, this.size);
      filled += bytesRead;
    }
    return buffer;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

class MemoryBytes implements ByteSource {
  constructor(
    readonly name: string,
    private readonly buffer: Buffer,
  ) {}

  get size(): number {
    return this.buffer.length;
  }

  read(offset: number, length: number): Promise<Buffer> {
    const end = offset + length;
    if (end > this.size) return Promise.reject(truncated(this.name, end, this.size));
    return Promise.resolve(this.buffer.subarray(offset, end));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const truncated = (name: string, wanted: number, size: number): Error =>
  corruptData('FILE_TRUNCATED', `${name} has ${size} bytes and should have ${wanted} at least; it was cut`);

/** A file, read in place; one that gzip has compressed is unpacked into memory. Errors: `GZIP_INVALID`, `ARRAY_TOO_LARGE`. */
export async function openBytes(path: string, signal?: AbortSignal): Promise<ByteSource> {
  const name = basename(path);
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const file = new FileBytes(name, size, handle);
    const head = await file.read(0, Math.min(size, GZIP.length));
    if (!GZIP.every((byte, i) => head[i] === byte)) return file;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  const packed = createReadStream(path);
  const unpacked = packed.pipe(createGunzip());
  packed.once('error', (error) => unpacked.destroy(error));
  try {
    return await gather(unpacked, name, signal);
  } catch (cause) {
    if (!isZlibError(cause)) throw cause;
    throw corruptData('GZIP_INVALID', `${name}: gzip cannot unpack it: ${cause.message}`, { cause });
  } finally {
    packed.destroy();
  }
}

const isZlibError = (cause: unknown): cause is Error =>
  isNativeError(cause) && 'code' in cause && typeof cause.code === 'string' && cause.code.startsWith('Z_');

/** All bytes of a stream, in memory. Errors: `ARRAY_TOO_LARGE`; those of the stream. */
export async function gather(stream: Readable, name: string, signal?: AbortSignal): Promise<ByteSource> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    size += chunk.length;
    if (size > MAX_UNPACKED_BYTES) {
      throw limitExceeded(
        'ARRAY_TOO_LARGE',
        `${name} has more than ${MAX_UNPACKED_BYTES} bytes unpacked; unpack it to a file, which is read in place`,
        { retryable: false },
      );
    }
    chunks.push(chunk);
  }
  return new MemoryBytes(name, Buffer.concat(chunks));
}
