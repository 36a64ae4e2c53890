import { invalidInput } from '@eigenloom/errors';
import { nearest } from '@eigenloom/contracts';

/** A mapping of a configuration. */
export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The mapping at a place, without keys that are null. Errors: `WRONG_TYPE`; `UNKNOWN_FIELD` with a suggestion. */
export function readFields(value: unknown, at: string, known?: readonly string[]): Fields {
  if (!isFields(value)) throw invalidInput('WRONG_TYPE', at, 'must be a mapping');
  const given = Object.entries(value).filter(([, item]) => item !== null);
  for (const [key] of given) {
    if (known !== undefined && !known.includes(key)) throw unknownField(key, at, known);
  }
  return Object.fromEntries(given);
}

export function unknownField(key: string, at: string, known: readonly string[]): Error {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return invalidInput('UNKNOWN_FIELD', `${at}.${key.slice(0, 64)}`, `is not a field${hint}`);
}

/** A list with something in it. Errors: `WRONG_TYPE`. */
export function readList(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidInput('WRONG_TYPE', at, 'must be a list that is not empty');
  }
  return value;
}

/** Errors: `WRONG_TYPE`. */
export function readString(value: unknown, at: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalidInput('WRONG_TYPE', at, 'must be a string');
  return value;
}

/** A text of digits: YAML 1.1 takes `08` for one, and mergekit reads it as a number. */
const DIGITS = /^\+?\d+(?:_\d+)*$/;

/** A whole number from 0 up. Errors: `WRONG_TYPE`. */
export function readCount(value: unknown, at: string): number {
  const digits = typeof value === 'string' && DIGITS.test(value) ? value.replaceAll('_', '') : undefined;
  const number = typeof value === 'bigint' || digits !== undefined ? Number(digits ?? value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) {
    throw invalidInput('WRONG_TYPE', at, 'must be a whole number from 0 up');
  }
  return number;
}
