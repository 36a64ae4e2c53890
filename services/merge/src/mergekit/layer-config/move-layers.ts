import { type ModelConfig, isObject } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';

import { isLink, isPattern, kindOfList } from './layer-names.js';
import { countsLayers } from './sections.js';
import { PLACE_RULES, type PlaceRule, periodOf } from './layer-numbers.js';

/** Where a layer of the result comes from. */
export interface LayerOrigin {
  /** The object of its model's config that counts the layers; undefined where there is none. */
  readonly section: ModelConfig | undefined;
  /** Its number there, and how many layers there are. */
  readonly layer: number;
  readonly layers: number;
  /** The model, for errors. */
  readonly label: string;
}

/** What is said of the layers of one stack, in an object of the donor's config. */
export interface Moved {
  /** Keys that lead to the object, for errors. */
  readonly path: readonly string[];
  /** Layers of the donor's stack. */
  readonly before: number;
  /** By layer of the result. */
  readonly origins: readonly LayerOrigin[];
}

/** Looks up what stands at a key of another model's section. */
type Lookup = (section: ModelConfig) => unknown;

/**
 * An object that counts layers, with everything in it that speaks of single layers moved as the layers are: lists with an entry for each,
 * lists of their numbers, and numbers that tell kinds by the place. Errors: `LAYER_KINDS` where the result's layers cannot be described so.
 */
export function moveLayers(section: ModelConfig, moved: Moved): ModelConfig {
  const lists = moveLists(section, moved, [], (key) => (other) => other[key]);
  const numbers = PLACE_RULES.flatMap((rule): [string, number][] => {
    const value = movedNumber(section, rule, moved);
    return value === undefined ? [] : [[rule.key, value]];
  });
  return { ...lists, ...Object.fromEntries(numbers) };
}

function moveLists(
  object: ModelConfig,
  moved: Moved,
  inside: readonly string[],
  at: (key: string) => Lookup,
): ModelConfig {
  const entries = Object.entries(object).map(([key, value]): [string, unknown] => {
    const found = at(key);
    if (Array.isArray(value)) return [key, movedList(key, value, moved, inside, found)];
    if (isPattern(key, value, moved.before)) {
      return [key, movedEntries(key, Array.from(value), moved, inside, textAt(found)).join('')];
    }
    // What counts layers of its own is another stack.
    if (isObject(value) && inside.length < 2 && !countsLayers(value)) {
      const below = (name: string): Lookup => {
        return (other) => {
          const inner = found(other);
          return isObject(inner) ? inner[name] : undefined;
        };
      };
      return [key, moveLists(value, moved, [...inside, key], below)];
    }
    return [key, value];
  });
  return Object.fromEntries(entries);
}

const textAt =
  (found: Lookup): Lookup =>
  (other) => {
    const value = found(other);
    return typeof value === 'string' ? Array.from(value) : undefined;
  };

function movedList(
  key: string,
  value: readonly unknown[],
  moved: Moved,
  inside: readonly string[],
  found: Lookup,
): readonly unknown[] {
  const { before, origins } = moved;
  const kind = kindOfList(key, value, before, inside.length > 0);
  if (kind === 'other') return value;
  if (isLink(key)) {
    throw broken(moved, [...inside, key], 'names layers that other layers share with, and layers are moved');
  }
  if (kind === 'entries') return movedEntries(key, value, moved, inside, found);
  return origins.flatMap(({ section, layer }, target) => {
    const own = section === undefined ? undefined : found(section);
    return Array.isArray(own) && own.includes(layer) ? [target] : [];
  });
}

function movedEntries(
  key: string,
  value: readonly unknown[],
  moved: Moved,
  inside: readonly string[],
  found: Lookup,
): unknown[] {
  const uniform = value.every((item) => JSON.stringify(item) === JSON.stringify(value[0]));
  return moved.origins.map(({ section, layer, layers, label }): unknown => {
    const own = section === undefined ? undefined : found(section);
    if (Array.isArray(own) && own.length === layers) return own[layer];
    if (uniform) return value[0];
    throw broken(
      moved,
      [...inside, key],
      `has an entry for each layer, and the config.json of ${label} has no such list of its ${layers} layers`,
    );
  });
}

/** The number as it is right for the layers of the result; undefined where it stays as it is. */
function movedNumber(section: ModelConfig, rule: PlaceRule, moved: Moved): number | undefined {
  const { key, says } = rule;
  const { origins, before } = moved;
  const value = section[key];
  const isVoid = rule.isVoid(section);
  if (says === 'every') {
    const period = periodOf(value);
    if (period === undefined || period === 1 || isVoid) return undefined;
    const other = origins.findIndex(
      ({ layer, section: own }, target) => (target - layer) % period !== 0 || own?.[key] !== value,
    );
    if (other >= 0) throw broken(moved, [key], placed(value, origins[other], other));
    return undefined;
  }
  if (typeof value !== 'number') return undefined;
  const ofKind = origins.map(({ section: own, layer, layers }) => {
    const count = Number(own?.[key] ?? 0);
    return says === 'first' ? layer < count : layer >= layers - count;
  });
  if (says === 'last') ofKind.reverse();
  const end = ofKind.indexOf(false);
  const count = end < 0 ? origins.length : end;
  if (ofKind.includes(true, count)) {
    if (isVoid) return undefined;
    const wrong = ofKind.indexOf(true, count);
    const target = says === 'first' ? wrong : origins.length - 1 - wrong;
    throw broken(moved, [key], placed(value, origins[target], target));
  }
  // More than there are layers: a number that no layer reaches.
  return says === 'first' && value > before && end < 0 ? Math.max(value, count) : count;
}

const placed = (value: unknown, origin: LayerOrigin | undefined, target: number): string =>
  `(${JSON.stringify(value)}) tells the kinds of layers by their place, and layer ${origin?.layer ?? 0} of ${origin?.label ?? 'the model'} becomes layer ${target}, where it would be of another kind`;

function broken({ path }: Moved, keys: readonly string[], why: string): Error {
  return incompatible(
    'LAYER_KINDS',
    `config.json: ${[...path, ...keys].join('.')} ${why}; write the kinds as a list for each layer (layer_types) into the models' config.json, or choose other layers`,
  );
}
