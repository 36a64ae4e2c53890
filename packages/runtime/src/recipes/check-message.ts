import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { invalidInput } from '@eigenloom/errors';
import { closest, distance } from 'fastest-levenshtein';
import { checkScalar } from './check-scalar.js';
import { messageDescriptor } from './descriptors.js';
import { zeroIsDefault } from './zero-defaults.js';

/** Deeper than any message of the contract. */
const MAX_DEPTH = 32;

/**
 * Checks a parsed object against a message of the contract, by the rules of proto3 JSON: both spellings of a field, no unknown
 * keys, one member of a oneof; null, which proto3 JSON takes for the default, is refused. Returns it with the spelling and number forms that the generated codecs take. Throws InvalidInput
 * naming the path: `UNKNOWN_FIELD` (with a suggestion), `WRONG_TYPE`, `OUT_OF_RANGE`, `FIELD_DUPLICATE`, `ONEOF_CONFLICT`.
 */
export function checkMessage(typeName: string, value: unknown): Record<string, unknown> {
  return checkObject(messageDescriptor(typeName), value, '', 0);
}

function checkObject(
  message: DescMessage,
  value: unknown,
  path: string,
  depth: number,
): Record<string, unknown> {
  const at = path === '' ? 'recipe' : path;
  if (depth > MAX_DEPTH) throw invalidInput('RECIPE_TOO_DEEP', at, 'is nested too deeply');
  if (!isObject(value)) throw invalidInput('WRONG_TYPE', at, 'must be a mapping of fields');
  const checked: Record<string, unknown> = {};
  const chosen = new Map<string, string>();
  for (const [key, item] of Object.entries(value)) {
    const field = fieldNamed(message, key, path);
    const below = path === '' ? field.name : `${path}.${field.name}`;
    if (Object.hasOwn(checked, field.jsonName)) {
      throw invalidInput('FIELD_DUPLICATE', below, 'is given in both spellings');
    }
    if (item === null) {
      // Left out and null are two things: an empty line of a recipe is a value that was forgotten.
      throw invalidInput(
        'WRONG_TYPE',
        below,
        'is null; give a value, or leave the field out for its default',
      );
    }
    const oneof = field.oneof?.name;
    if (oneof !== undefined) {
      const other = chosen.get(oneof);
      if (other !== undefined) {
        throw invalidInput('ONEOF_CONFLICT', below, `only one of ${other} and ${field.name} may be set`);
      }
      chosen.set(oneof, field.name);
    }
    checked[field.jsonName] = checkField(field, item, below, depth);
  }
  return checked;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldNamed(message: DescMessage, key: string, path: string): DescField {
  const found = message.fields.find(({ name, jsonName }) => name === key || jsonName === key);
  if (found !== undefined) return found;
  const near = nearest(
    key,
    message.fields.flatMap(({ name, jsonName }) => [name, jsonName]),
  );
  const shown = key.slice(0, 64);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw invalidInput('UNKNOWN_FIELD', path === '' ? shown : `${path}.${shown}`, `is not a field${hint}`);
}

/** The name that was probably meant: at most a third of its letters differ. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  if (word.length > 64 || names.length === 0) return undefined;
  const best = closest(word, [...names]);
  return distance(word, best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}

function checkField(field: DescField, value: unknown, path: string, depth: number): unknown {
  if (field.fieldKind === 'list') {
    if (!Array.isArray(value)) throw invalidInput('WRONG_TYPE', path, 'must be a list');
    return value.map((item, i) => checkItem(field, item, `${path}[${String(i)}]`, depth));
  }
  if (field.fieldKind === 'map') {
    if (!isObject(value)) throw invalidInput('WRONG_TYPE', path, 'must be a mapping');
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, checkItem(field, item, `${path}.${key}`, depth)]),
    );
  }
  return checkItem(field, value, path, depth);
}

function checkItem(field: DescField, value: unknown, path: string, depth: number): unknown {
  if (field.message !== undefined) return checkObject(field.message, value, path, depth + 1);
  if (field.enum !== undefined) return checkEnum(field.enum, value, path);
  const checked = checkScalar(field.scalar, value, path);
  if (Number(checked) === 0 && zeroIsDefault(`${field.parent.typeName}.${field.name}`)) {
    throw invalidInput(
      'OUT_OF_RANGE',
      path,
      'is 0, which would stand for the default; give a number above 0, or leave it out for the default',
    );
  }
  return checked;
}

function checkEnum(type: DescEnum, value: unknown, path: string): string {
  const number = typeof value === 'bigint' ? Number(value) : value;
  const found = type.values.find((each) => each.name === value || each.number === number);
  if (found !== undefined) return found.name;
  const names = type.values.map(({ name }) => name);
  const near = typeof value === 'string' ? nearest(value, names) : undefined;
  const hint =
    near === undefined ? `one of ${names.join(', ')}` : `a value of ${type.name}; did you mean ${near}?`;
  throw invalidInput('WRONG_TYPE', path, `must be ${hint}`);
}
