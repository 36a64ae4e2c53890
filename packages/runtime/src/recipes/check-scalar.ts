import { ScalarType } from '@bufbuild/protobuf';
import { invalidInput } from '@eigenloom/errors';

interface Range {
  readonly min: bigint;
  readonly max: bigint;
}
const signed = (bits: bigint): Range => ({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n });
const unsigned = (bits: bigint): Range => ({ min: 0n, max: (1n << bits) - 1n });

const INTEGERS: ReadonlyMap<ScalarType, Range> = new Map([
  [ScalarType.INT32, signed(32n)],
  [ScalarType.SINT32, signed(32n)],
  [ScalarType.SFIXED32, signed(32n)],
  [ScalarType.UINT32, unsigned(32n)],
  [ScalarType.FIXED32, unsigned(32n)],
  [ScalarType.INT64, signed(64n)],
  [ScalarType.SINT64, signed(64n)],
  [ScalarType.SFIXED64, signed(64n)],
  [ScalarType.UINT64, unsigned(64n)],
  [ScalarType.FIXED64, unsigned(64n)],
]);

const wrongType = (path: string, expected: string): Error =>
  invalidInput('WRONG_TYPE', path, `must be ${expected}`);

/** The value in the form that the generated codecs take; throws InvalidInput `WRONG_TYPE` or `OUT_OF_RANGE`. */
export function checkScalar(type: ScalarType, value: unknown, path: string): unknown {
  const range = INTEGERS.get(type);
  if (range !== undefined) return checkInteger(range, value, path);
  switch (type) {
    case ScalarType.BOOL:
      if (typeof value !== 'boolean') throw wrongType(path, 'true or false');
      return value;
    case ScalarType.STRING:
      if (typeof value !== 'string') throw wrongType(path, 'a string');
      return value;
    case ScalarType.BYTES:
      if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value))
        throw wrongType(path, 'base64');
      return value;
    default:
      return checkFloat(value, path);
  }
}

function checkInteger({ min, max }: Range, value: unknown, path: string): string {
  const integer = toBigInt(value);
  if (integer === undefined) throw wrongType(path, 'an integer');
  if (integer < min || integer > max) {
    throw invalidInput('OUT_OF_RANGE', path, `must be from ${String(min)} to ${String(max)}`);
  }
  return String(integer);
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

function checkFloat(value: unknown, path: string): number {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return value;
  const text = typeof value === 'string' ? value : '';
  if (text === 'NaN' || /^-?Infinity$/.test(text) || /^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) {
    return Number(text);
  }
  throw wrongType(path, 'a number');
}
