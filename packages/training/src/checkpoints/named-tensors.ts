import type { Dtype } from '@eigenloom/numeric';

/** The arrays that a tensor may have, one for each storage type. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The values of a tensor, row by row, on their way to or from a file. */
export interface TensorValues<A extends TensorArray = Float32Array> {
  readonly shape: readonly number[];
  readonly values: A;
}

/** Tensors of any types, in the order in which they are written. */
export type NamedTensors = ReadonlyMap<string, TensorValues<TensorArray>>;

type ArrayMaker = new (buffer: ArrayBuffer) => TensorArray;

const ARRAYS: Readonly<Record<string, readonly [dtype: Dtype, make: ArrayMaker]>> = {
  Float32Array: ['F32', Float32Array],
  Float64Array: ['F64', Float64Array],
  Int8Array: ['I8', Int8Array],
  Int16Array: ['I16', Int16Array],
  Int32Array: ['I32', Int32Array],
  Uint8Array: ['U8', Uint8Array],
  Uint16Array: ['U16', Uint16Array],
  Uint32Array: ['U32', Uint32Array],
  BigInt64Array: ['I64', BigInt64Array],
  BigUint64Array: ['U64', BigUint64Array],
};
const MAKERS = new Map(Object.values(ARRAYS));

/** The storage type of an array, whichever realm it comes from. */
export function dtypeOf(values: TensorArray): Dtype {
  const found = ARRAYS[values[Symbol.toStringTag]];
  if (found === undefined) throw new TypeError(`no storage type for ${values[Symbol.toStringTag]}`);
  return found[0];
}

/** The array that stored bytes (little-endian) are; `bytes` may lie anywhere in its buffer. */
export function fromBytes(dtype: Dtype, bytes: Uint8Array): TensorArray {
  const make = MAKERS.get(dtype);
  if (make === undefined) throw new TypeError(`no array for ${dtype}`);
  return new make(Uint8Array.from(bytes).buffer);
}

/** The bytes of an array, not copied. */
export const toBytes = ({ buffer, byteOffset, byteLength }: TensorArray): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
