import { corruptData } from '@eigenloom/errors';

import { type JsonObject, isObject } from '../json-file.js';
import { CONFIG_FILE } from './adapter.js';

export const wrong = (key: string, why: string): Error =>
  corruptData('CORRUPT_ADAPTER', `${CONFIG_FILE}: ${key} ${why}`, { details: { file: CONFIG_FILE, key } });

/** What a message calls a value that is of no use. */
export const shown = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? 'a list'
      : 'an object'
    : JSON.stringify(value);

/** Absent stands for PEFT's default; null does not, for PEFT fails on it. */
export function number(raw: JsonObject, key: string, otherwise: number): number {
  const value = key in raw ? raw[key] : otherwise;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw wrong(key, `is ${shown(value)}; a number above 0 is wanted`);
}

export function count(raw: JsonObject, key: string, otherwise: number): number {
  const value = key in raw ? raw[key] : otherwise;
  if (isCount(value)) return value;
  throw wrong(key, `is ${shown(value)}; a whole number above 0 is wanted`);
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

export function flag(raw: JsonObject, key: string): boolean {
  const value = raw[key] ?? false;
  if (typeof value !== 'boolean') throw wrong(key, `is ${shown(value)}; true or false is wanted`);
  return value;
}

export function text(raw: JsonObject, key: string): string {
  const value = raw[key] ?? '';
  if (typeof value !== 'string') throw wrong(key, `is ${shown(value)}; a string is wanted`);
  return value;
}

export function strings(raw: JsonObject, key: string): readonly string[] {
  const value = raw[key] ?? [];
  if (Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value;
  throw wrong(
    key,
    `is ${Array.isArray(value) ? 'a list with other things in it' : shown(value)}; a list of strings is wanted`,
  );
}

/** A list of names, or one regular expression. */
export function namesOrPattern(raw: JsonObject, key: string): string | readonly string[] {
  const value = raw[key];
  return typeof value === 'string' ? value : strings(raw, key);
}

export const asList = (value: string | readonly string[]): readonly string[] =>
  typeof value !== 'string' ? value : value === '' ? [] : [value];

export function numbers(raw: JsonObject, key: string, whole: boolean): Readonly<Record<string, number>> {
  const value = key in raw ? raw[key] : {};
  if (!isObject(value)) throw wrong(key, `is ${shown(value)}; an object of numbers is wanted ({} for none)`);
  for (const [pattern, item] of Object.entries(value)) {
    const right = whole ? isCount(item) : typeof item === 'number' && Number.isFinite(item) && item > 0;
    if (right) continue;
    const wanted = `a ${whole ? 'whole ' : ''}number above 0 is wanted`;
    throw wrong(`${key}[${JSON.stringify(pattern)}]`, `is ${shown(item)}; ${wanted}`);
  }
  return value as Readonly<Record<string, number>>;
}
