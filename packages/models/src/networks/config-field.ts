import { incompatible } from '@eigenloom/errors';

export type RawConfig = Readonly<Record<string, unknown>>;

const MAX_SIZE = 2 ** 31 - 1;

/** A positive integer of `config.json`; `fallback` when the field is missing. */
export function sizeField(config: RawConfig, name: string, fallback?: number): number {
  const value = config[name] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_SIZE) return value;
  throw badConfig(name, 'must be a positive integer');
}

/** A finite number of `config.json`; `fallback` when the field is missing. */
export function numberField(config: RawConfig, name: string, fallback?: number): number {
  const value = config[name] ?? fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw badConfig(name, 'must be a finite number');
}

/** Refuses a setting that the forward pass does not have. */
export function requireOneOf(config: RawConfig, name: string, allowed: readonly string[]): string {
  const value = config[name] ?? allowed[0];
  if (typeof value === 'string' && allowed.includes(value)) return value;
  throw badConfig(name, `${JSON.stringify(value)} is not supported; supported: ${allowed.join(', ')}`);
}

export function badConfig(name: string, description: string): Error {
  return incompatible('UNSUPPORTED_CONFIG', `config.json: ${name}: ${description}`);
}
