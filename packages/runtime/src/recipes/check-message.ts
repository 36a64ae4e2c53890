import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { nearest } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { checkScalar } from './check-scalar.js';
import { type ChoiceField, hasName, isChoiceField, type Member, membersNamed, namesIn } from './choices.js';
import { messageDescriptor } from './descriptors.js';

/** Deeper than any message of the contract. */
const MAX_DEPTH = 32;

/**
 * Checks a parsed object against a message of the contract, by the rules of proto3 JSON: both spellings of a field, no unknown keys, one
 * member of a oneof. Two things differ: null, which proto3 JSON takes for the default, is refused; and a member of a choice may stand
 * where the choice would (`ties: {}` for `method: { ties: {} }`). Returns the object with the spelling, the nesting and the number forms
 * that the generated codecs take. Throws InvalidInput naming the path, in which choices are left out (`ties.density`): `UNKNOWN_FIELD`
 * (with a suggestion), `FIELD_AMBIGUOUS`, `WRONG_TYPE`, `OUT_OF_RANGE`, `FIELD_DUPLICATE`, `ONEOF_CONFLICT`.
 */
export function checkMessage(typeName: string, value: unknown): Record<string, unknown> {
  return checkObject(messageDescriptor(typeName), value, '', 0);
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function checkObject(
  message: DescMessage,
  value: unknown,
  path: string,
  depth: number,
): Record<string, unknown> {
  const checked = new Fields(message, path, depth);
  for (const [key, item] of entriesOf(value, path, depth)) checked.add(key, item);
  return checked.values;
}

function entriesOf(value: unknown, path: string, depth: number): [string, unknown][] {
  const at = path === '' ? 'recipe' : path;
  if (depth > MAX_DEPTH) throw invalidInput('RECIPE_TOO_DEEP', at, 'is nested too deeply');
  if (!isObject(value)) throw invalidInput('WRONG_TYPE', at, 'must be a mapping of fields');
  return Object.entries(value);
}

/** Left out and null are two things: an empty line of a recipe is a value that was forgotten. */
function refuseNull(value: unknown, path: string): void {
  if (value !== null) return;
  throw invalidInput('WRONG_TYPE', path, 'is null; give a value, or leave the field out for its default');
}

/** The fields of one object as they are checked. */
class Fields {
  readonly values: Record<string, unknown> = {};
  /** Name of the chosen member by oneof or choice. */
  readonly #chosen = new Map<string, string>();

  constructor(
    private readonly message: DescMessage,
    private readonly path: string,
    private readonly depth: number,
  ) {}

  add(key: string, item: unknown): void {
    const field = this.message.fields.find((each) => hasName(each, key));
    if (field === undefined) this.#addMember(this.#memberNamed(key), item);
    else if (isChoiceField(field)) this.#addChoice(field, item);
    else this.#addField(field, item);
  }

  #addField(field: DescField, item: unknown): void {
    const below = join(this.path, field.name);
    if (Object.hasOwn(this.values, field.jsonName)) {
      throw invalidInput('FIELD_DUPLICATE', below, 'is given in both spellings');
    }
    refuseNull(item, below);
    if (field.oneof !== undefined) this.#choose(field.oneof.name, field.name);
    this.values[field.jsonName] = checkField(field, item, below, this.depth);
  }

  #addChoice(choice: ChoiceField, item: unknown): void {
    const below = join(this.path, choice.name);
    refuseNull(item, below);
    const entries = entriesOf(item, below, this.depth + 1);
    if (entries.length === 0) this.values[choice.jsonName] ??= {};
    for (const [key, value] of entries) {
      const member = choice.message.fields.find((each) => hasName(each, key));
      if (member === undefined) throw unknownField(key, below, namesIn(choice.message));
      this.#addMember({ choice, member }, value);
    }
  }

  #addMember({ choice, member }: Member, item: unknown): void {
    const below = join(this.path, member.name);
    this.#choose(choice.name, member.name);
    refuseNull(item, below);
    this.values[choice.jsonName] = { [member.jsonName]: checkField(member, item, below, this.depth + 1) };
  }

  #memberNamed(key: string): Member {
    const [member, other] = membersNamed(this.message, key);
    if (member === undefined) throw unknownField(key, this.path, namesIn(this.message));
    if (other === undefined) return member;
    const places = [member, other].map(({ choice }) => `${choice.name}.${member.member.name}`);
    throw invalidInput('FIELD_AMBIGUOUS', join(this.path, key), `may mean ${places.join(' or ')}`);
  }

  #choose(oneof: string, name: string): void {
    const other = this.#chosen.get(oneof);
    if (other !== undefined) {
      const why = other === name ? `is given twice` : `only one of ${other} and ${name} may be set`;
      throw invalidInput(other === name ? 'FIELD_DUPLICATE' : 'ONEOF_CONFLICT', join(this.path, name), why);
    }
    this.#chosen.set(oneof, name);
  }
}

export function unknownField(key: string, path: string, names: readonly string[]): Error {
  const near = nearest(key, names);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return invalidInput('UNKNOWN_FIELD', join(path, key.slice(0, 64)), `is not a field${hint}`);
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
  return checkScalar(field.scalar, value, path);
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
