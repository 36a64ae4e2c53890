import { invalidInput } from '@eigenloom/errors';

import { closest } from './closest.js';

const MAX_PATTERN_LENGTH = 256;
/** Each doubles the exponent of the worst matching time in the length of a name. */
const MAX_UNBOUNDED_QUANTIFIERS = 3;

/**
 * PEFT's rule for module names: `(.*\.)?(pattern)$`, so that `query` means every module of that name at any depth.
 * Patterns are regular expressions; forms whose matching time can explode (a repeated group, a back-reference) are refused.
 * Errors: `INVALID_PATTERN`.
 */
export function modulePattern(pattern: string, field: string): RegExp {
  const refuse = (why: string): Error =>
    invalidInput('INVALID_PATTERN', field, `${JSON.stringify(pattern.slice(0, 80))} ${why}`);
  if (pattern === '') throw refuse('is empty');
  if (pattern.length > MAX_PATTERN_LENGTH) throw refuse(`is longer than ${MAX_PATTERN_LENGTH} characters`);
  const plain = pattern.replaceAll(/\\[.\-_dwDW]/g, 'x');
  if (/\)[*+{]|\\[0-9k]|\(\?/.test(plain)) throw refuse('repeats a group or refers back');
  if ((plain.match(/[*+]|\{\d+,\}/g) ?? []).length > MAX_UNBOUNDED_QUANTIFIERS) {
    throw refuse(`has more than ${MAX_UNBOUNDED_QUANTIFIERS} repetitions`);
  }
  try {
    return new RegExp(`^(.*\\.)?(${pattern})$`, 'u');
  } catch {
    throw refuse('is not a regular expression');
  }
}

/**
 * The modules that one of the patterns means, in the order given. A pattern without a match is an error that names it:
 * `PATTERN_MATCHES_NOTHING`.
 */
export function matchModules(
  modules: Iterable<string>,
  patterns: readonly string[],
  field = 'target_modules',
): string[] {
  const names = [...modules];
  const matched = new Set(
    patterns.flatMap((pattern, index) => matchPattern(names, pattern, `${field}[${index}]`)),
  );
  return names.filter((name) => matched.has(name));
}

/**
 * The modules that a pattern at a place of the request means. `whatElse` says what a pattern means that is no module. Errors:
 * `PATTERN_MATCHES_NOTHING`, `TARGET_NOT_LINEAR`.
 */
export function matchPattern(
  names: readonly string[],
  pattern: string,
  place: string,
  whatElse?: (matches: (name: string) => boolean) => string | undefined,
): string[] {
  const expression = modulePattern(pattern, place);
  const matches = (name: string): boolean => expression.test(name);
  const hits = names.filter(matches);
  if (hits.length > 0) return hits;
  const found = whatElse?.(matches);
  if (found === undefined) throw matchesNothing(pattern, names, place);
  throw invalidInput('TARGET_NOT_LINEAR', place, `${JSON.stringify(pattern)} ${found}`);
}

function matchesNothing(pattern: string, names: readonly string[], field: string): Error {
  const parts = new Set(names.flatMap((name) => [name, name.slice(name.lastIndexOf('.') + 1)]));
  const near = closest(pattern, parts);
  const hint = near.length === 0 ? '' : `; did you mean ${near.map((n) => JSON.stringify(n)).join(' or ')}?`;
  return invalidInput(
    'PATTERN_MATCHES_NOTHING',
    field,
    `${JSON.stringify(pattern)} matches no module${hint}`,
  );
}
