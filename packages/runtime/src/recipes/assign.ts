import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { nearest, parseYaml } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { unknownField } from './check-message.js';
import { type ChoiceField, hasName, isChoice, isChoiceField, membersNamed, namesIn } from './choices.js';
import { messageDescriptor } from './descriptors.js';

type JsonObject = Record<string, unknown>;

/** One step of a path: a field's name, and an index where it is a list. */
interface Step {
  readonly key: string;
  readonly index: number | undefined;
}

const STEP = /^([A-Za-z_]\w*)(?:\[(\d{1,4})\])?$/;

function stepsOf(path: string): Step[] {
  return path.split('.').map((text) => {
    const [, key, index] = STEP.exec(text) ?? [];
    if (key === undefined) {
      throw invalidInput(
        'PATH_INVALID',
        path.slice(0, 64) || 'path',
        'is not a path such as models[0].weight',
      );
    }
    return { key, index: index === undefined ? undefined : Number(index) };
  });
}

/**
 * Sets one value in a checked recipe, `document`, which it changes. `path` names it as errors do, with or without choices:
 * `pissa.power_iterations`, `models[0].weight`; `text` is YAML, or taken as it is where the field is a text. A member of a choice that is
 * set replaces the one that was. Throws InvalidInput: `PATH_INVALID`, `UNKNOWN_FIELD` with a suggestion, `FIELD_AMBIGUOUS`.
 */
export function assign(typeName: string, document: JsonObject, path: string, text: string): void {
  const steps = stepsOf(path);
  let message: DescMessage = messageDescriptor(typeName);
  let at: JsonObject = document;
  for (const [depth, { key, index }] of steps.entries()) {
    const where = steps
      .slice(0, depth)
      .map((step) => step.key)
      .join('.');
    const place = placeOf(message, at, key, where);
    const { field } = place;
    const isLast = depth === steps.length - 1;
    if (index === undefined && isLast) {
      place.holder[field.jsonName] = valueOf(field, text, path);
      return;
    }
    const below = field.message;
    if (below === undefined || (index !== undefined) !== (field.fieldKind === 'list')) {
      const what = field.fieldKind === 'list' ? `is a list: ${key}[0]` : `has nothing below it`;
      throw invalidInput('PATH_INVALID', path, `${key} ${what}`);
    }
    at = index === undefined ? objectAt(place.holder, field) : itemAt(place.holder, field, index, path);
    message = below;
    if (isLast) throw invalidInput('PATH_INVALID', path, 'names a part of the request, and not a value');
  }
}

interface Place {
  readonly holder: JsonObject;
  readonly field: DescField;
}

/** Where a field lies in an object: in it, or in one of its choices. */
function placeOf(message: DescMessage, at: JsonObject, key: string, where: string): Place {
  const own = message.fields.find((field) => hasName(field, key));
  if (own !== undefined) {
    if (isChoice(message)) keepOnly(at, own);
    return { holder: at, field: own };
  }
  const [found, other] = membersNamed(message, key);
  if (found === undefined) throw unknownField(key, where, namesIn(message));
  if (other !== undefined) {
    const places = [found, other].map(({ choice }) => `${choice.name}.${key}`);
    throw invalidInput(
      'FIELD_AMBIGUOUS',
      where === '' ? key : `${where}.${key}`,
      `may mean ${places.join(' or ')}`,
    );
  }
  const holder = objectAt(at, found.choice);
  keepOnly(holder, found.member);
  return { holder, field: found.member };
}

/** A choice has one member. */
function keepOnly(choice: JsonObject, member: DescField): void {
  for (const name of Object.keys(choice)) if (name !== member.jsonName) Reflect.deleteProperty(choice, name);
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectAt(holder: JsonObject, { jsonName }: DescField): JsonObject {
  const found = holder[jsonName];
  if (isObject(found)) return found;
  const made: JsonObject = {};
  holder[jsonName] = made;
  return made;
}

/** An item of a list, or a new one at its end. */
function itemAt(holder: JsonObject, { jsonName }: DescField, index: number, path: string): JsonObject {
  const list: unknown[] = Array.isArray(holder[jsonName]) ? (holder[jsonName] as unknown[]) : [];
  if (index > list.length) {
    throw invalidInput(
      'PATH_INVALID',
      path,
      `the list has ${list.length} items, and ${index} would leave a hole`,
    );
  }
  holder[jsonName] = list;
  const found = list[index];
  if (isObject(found)) return found;
  const made: JsonObject = {};
  list[index] = made;
  return made;
}

function valueOf(field: DescField, text: string, path: string): unknown {
  if (field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING) return text;
  try {
    return text.trim() === '' && field.fieldKind === 'message' ? {} : parseYaml(text);
  } catch {
    throw invalidInput('YAML_INVALID', path, `${JSON.stringify(text.slice(0, 64))} is not YAML`);
  }
}

/** Chooses a method by its id, keeping its parameters where it was chosen already. Errors: `METHOD_UNKNOWN`, with a suggestion. */
export function choose(typeName: string, document: JsonObject, id: string): void {
  const message = messageDescriptor(typeName);
  const [found, other] = membersNamed(message, id);
  if (found === undefined || other !== undefined) {
    const ids = message.fields
      .filter(isChoiceField)
      .flatMap(({ message: choice }) => choice.fields.map(({ name }) => name));
    const near = nearest(id, ids);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw invalidInput('METHOD_UNKNOWN', 'method', `there is no method ${id.slice(0, 64)}${hint}`);
  }
  const holder = objectAt(document, found.choice);
  keepOnly(holder, found.member);
  objectAt(holder, found.member);
}

/** The choices of a request with the ids of their members. */
export const choicesOf = (
  typeName: string,
): readonly { readonly field: ChoiceField; readonly ids: readonly string[] }[] =>
  messageDescriptor(typeName)
    .fields.filter(isChoiceField)
    .map((field) => ({ field, ids: field.message.fields.map(({ name }) => name) }));
