import { invalidInput } from '@eigenloom/errors';

import { readFields } from './fields.js';

/** A number, or a gradient: numbers at equal distances from the first layer to the last. */
export type Value = number | readonly number[];

/** A value for the tensors whose name contains the filter; without one, for all. */
export interface Condition {
  readonly filter: string | undefined;
  readonly value: Value;
}

/** What a configuration says of one parameter: the first condition that fits a tensor holds. */
export interface Setting {
  readonly at: string;
  readonly conditions: readonly Condition[];
}

/** By mergekit's names of the parameters. */
export type Settings = ReadonlyMap<string, Setting>;

/** Words that stand for true and false also as texts, in quotes. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ...['true', 'yes', 'on'].map((word) => [word, 1] as const),
  ...['false', 'no', 'off'].map((word) => [word, 0] as const),
]);

/** A text that Python reads as a float: YAML 1.1 takes `1e-5` for a text. */
const NUMBER = /^\s*[-+]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][-+]?\d+)?\s*$/;

/** Errors: `WRONG_TYPE`, `OUT_OF_RANGE` for what is not finite. */
export function readSetting(value: unknown, at: string): Setting {
  if (Array.isArray(value) && value.some(isMapping)) {
    return { at, conditions: value.map((item, index) => readCondition(item, `${at}[${index}]`)) };
  }
  if (isMapping(value)) return { at, conditions: [readCondition(value, at)] };
  return { at, conditions: [{ filter: undefined, value: readValue(value, at) }] };
}

const isMapping = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readCondition(value: unknown, at: string): Condition {
  const { filter, value: inner } = readFields(value, at, ['filter', 'value']);
  if (filter !== undefined && typeof filter !== 'string') {
    throw invalidInput('WRONG_TYPE', `${at}.filter`, 'must be a string');
  }
  if (inner === undefined) throw invalidInput('FIELD_MISSING', `${at}.value`, 'is needed');
  return { filter: filter === '*' ? undefined : filter, value: readValue(inner, `${at}.value`) };
}

function readValue(value: unknown, at: string): Value {
  if (!Array.isArray(value)) return readNumber(value, at);
  if (value.length === 0) throw invalidInput('WRONG_TYPE', at, 'is an empty list');
  return value.map((item, index) => readNumber(item, `${at}[${index}]`));
}

function readNumber(value: unknown, at: string): number {
  const number = numberOf(value);
  if (number === undefined) throw invalidInput('WRONG_TYPE', at, 'must be a number');
  if (!Number.isFinite(number)) throw invalidInput('OUT_OF_RANGE', at, 'is not finite');
  return number;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  if (typeof value !== 'string') return undefined;
  return (
    WORDS.get(value.toLowerCase()) ?? (NUMBER.test(value) ? Number(value.replaceAll('_', '')) : undefined)
  );
}

/** The value for a tensor at a position from 0 to 1; undefined when no condition fits its name. */
export function evaluate({ conditions }: Setting, tensor: string, position: number): number | undefined {
  const found = conditions.find(({ filter }) => filter === undefined || tensor.includes(filter));
  return found === undefined ? undefined : valueAt(found.value, position);
}

/** Between the two entries around a position, in the order of operations that gives mergekit's bits. */
function valueAt(value: Value, position: number): number {
  if (typeof value === 'number') return value;
  const scaled = position * (value.length - 1);
  const below = Math.floor(scaled);
  const above = Math.min(value.length - 1, below + 1);
  const share = scaled - below;
  return (1 - share) * (value[below] ?? 0) + share * (value[above] ?? 0);
}
