import { corruptData, incompatible } from '@eigenloom/errors';

import type { ByteSource } from './byte-source.js';

/** Element types by NumPy's codes: unsigned, signed, floating; bytes of one element. All little-endian. */
export const ELEMENT_BYTES = {
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  u4: 4,
  i4: 4,
  u8: 8,
  i8: 8,
  f4: 4,
  f8: 8,
} as const;
export type ElementType = keyof typeof ELEMENT_BYTES;

/** An array in row-major order somewhere in a file. */
export interface StoredArray {
  /** For messages. */
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: ByteSource;
  /** Of the first element. */
  readonly offset: number;
}

export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Errors: `FILE_TRUNCATED`, `ARRAY_INVALID` where the file has not as many bytes as the shape says. */
export function checkSize(array: StoredArray): StoredArray {
  const { name, shape, type, bytes, offset } = array;
  const wanted = offset + elementsOf(shape) * ELEMENT_BYTES[type];
  if (bytes.size === wanted) return array;
  const said = `${name} says that it holds [${shape.join(', ')}] of ${ELEMENT_BYTES[type]} bytes each, ${wanted} bytes in all; it has ${bytes.size}`;
  if (bytes.size < wanted) throw corruptData('FILE_TRUNCATED', `${said}: the file was cut`);
  throw corruptData('ARRAY_INVALID', `${said}: bytes follow that belong to nothing`);
}

/** All of an array of integers that fit 32 bits with a sign. Errors: `ARRAY_TYPE`, `OUT_OF_RANGE`. */
export async function readIntegers(array: StoredArray): Promise<Int32Array> {
  const { name, type, shape, bytes, offset } = array;
  if (type.startsWith('f')) {
    throw incompatible('ARRAY_TYPE', `${name} holds floating-point numbers; wanted are integers`);
  }
  const size = ELEMENT_BYTES[type];
  const data = await bytes.read(offset, elementsOf(shape) * size);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = READERS[type as keyof typeof READERS];
  return Int32Array.from({ length: elementsOf(shape) }, (_, i) => {
    const value = read(view, i * size);
    if (Number(value) === (Number(value) | 0)) return Number(value);
    throw incompatible('OUT_OF_RANGE', `${name}: element ${i} is ${value}, which does not fit 32 bits`);
  });
}

const READERS: Readonly<
  Record<Exclude<ElementType, 'f4' | 'f8'>, (view: DataView, at: number) => number | bigint>
> = {
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at) => view.getUint16(at, true),
  i2: (view, at) => view.getInt16(at, true),
  u4: (view, at) => view.getUint32(at, true),
  i4: (view, at) => view.getInt32(at, true),
  u8: (view, at) => view.getBigUint64(at, true),
  i8: (view, at) => view.getBigInt64(at, true),
};
