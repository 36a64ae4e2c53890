import { incompatible } from '@eigenloom/errors';

export type RawConfig = Readonly<Record<string, unknown>>;

const MAX_SIZE = 2 ** 31 - 1;

/** A positive integer of `config.json`; `fallback` when the field is missing. null is a value, and none of use. */
export function sizeField(config: RawConfig, name: string, fallback?: number): number {
  const value = fieldOf(config, name, fallback);
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_SIZE) return value;
  throw badConfig(name, `is ${shown(value)}, and must be a positive integer`);
}

/** As `sizeField`, where transformers derives the number when the field is missing or null. */
export const derivedSize = (config: RawConfig, name: string, derived: number): number =>
  sizeField({ [name]: config[name] ?? derived }, name);

/** A finite number of `config.json`; `fallback` when the field is missing. */
export function numberField(config: RawConfig, name: string, fallback?: number): number {
  const value = fieldOf(config, name, fallback);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw badConfig(name, `is ${shown(value)}, and must be a finite number`);
}

/** True or false of `config.json`; false when the field is missing. */
export function flagField(config: RawConfig, name: string): boolean {
  const value = fieldOf(config, name, false);
  if (typeof value === 'boolean') return value;
  throw badConfig(name, `is ${shown(value)}, and must be true or false`);
}

const fieldOf = (config: RawConfig, name: string, fallback: unknown): unknown =>
  config[name] === undefined ? fallback : config[name];

const shown = (value: unknown): string =>
  value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80);

/** Refuses a setting that the forward pass does not have. */
export function requireOneOf(config: RawConfig, name: string, allowed: readonly string[]): string {
  const value = fieldOf(config, name, allowed[0]);
  if (typeof value === 'string' && allowed.includes(value)) return value;
  throw badConfig(name, `${JSON.stringify(value)} is not supported; supported: ${allowed.join(', ')}`);
}

export function badConfig(name: string, description: string): Error {
  return incompatible('UNSUPPORTED_CONFIG', `config.json: ${name}: ${description}`);
}
