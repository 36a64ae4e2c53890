import { corruptData, incompatible } from '@eigenloom/errors';

import type { ByteSource } from './byte-source.js';
import { checkSize, type StoredArray } from './stored-array.js';

/** Code of unsigned bytes, which all IDX files of images and labels hold. */
const BYTES = 0x08;
const MAX_DIMENSIONS = 8;

/** Two zero bytes, the type, the number of dimensions; then each size as 32 bits, big-endian. */
export const isIdx = (head: Buffer): boolean =>
  head.length >= 4 &&
  head.readUInt16BE(0) === 0 &&
  (head[2] ?? 0) >= BYTES &&
  (head[2] ?? 0) <= 0x0e &&
  (head[3] ?? 0) >= 1 &&
  (head[3] ?? 0) <= MAX_DIMENSIONS;

/**
 * The array of an IDX file, the format of MNIST (yann.lecun.com/exdb/mnist). Errors: `IDX_INVALID`; `ARRAY_TYPE` for other elements than
 * bytes; those of `checkSize`.
 */
export async function readIdx(bytes: ByteSource): Promise<StoredArray> {
  const { name } = bytes;
  const head = await bytes.read(0, Math.min(4, bytes.size));
  if (!isIdx(head)) throw corruptData('IDX_INVALID', `${name} is not an IDX file: it does not begin as one`);
  if (head[2] !== BYTES)
    throw incompatible('ARRAY_TYPE', `${name} does not hold bytes, which pixels and labels are`);
  const dimensions = head[3] ?? 0;
  const sizes = await bytes.read(4, 4 * dimensions);
  const shape = Array.from({ length: dimensions }, (_, i) => sizes.readUInt32BE(4 * i));
  return checkSize({ name, type: 'u1', shape, bytes, offset: 4 + 4 * dimensions });
}
