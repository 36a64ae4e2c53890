import { invalidInput } from '@eigenloom/errors';

import { type Fields, readCount, readFields, readList } from './fields.js';
import { type Located, locate } from './located.js';
import type { MethodMapping } from './mappings.js';
import { readSettings } from './read-settings.js';
import type { Settings } from './settings.js';

/** A model, or some of its layers, that goes into a slice. */
export interface SourcePart {
  readonly at: string;
  readonly model: Located;
  readonly parameters: Settings;
  /** First layer, and the one after the last; undefined for all. */
  readonly range: readonly [number, number] | undefined;
}

/** Consecutive layers of the result, made of as many of each source. */
export interface SlicePart {
  readonly at: string;
  readonly base: Located | undefined;
  readonly parameters: Settings;
  readonly sources: readonly SourcePart[];
}

/** How a model, or a module of one, is made: of whole models, or slice by slice. */
export interface OutputPart {
  readonly at: string;
  readonly parameters: Settings;
  readonly content:
    | { readonly kind: 'models'; readonly models: readonly SourcePart[] }
    | { readonly kind: 'slices'; readonly slices: readonly SlicePart[] };
}

const MAX_SOURCES = 256;

/** Reads `models` or `slices`, of which one must be there. The parameters of a document count as its own, not as its part's. */
export function readPart(
  { models, slices, parameters }: Fields,
  at: string,
  mapping: MethodMapping,
  notes: Set<string>,
): OutputPart {
  if ((models === undefined) === (slices === undefined)) {
    throw invalidInput('ONEOF_CONFLICT', at, 'needs either models or slices');
  }
  const own = at.includes('.modules.') ? parameters : undefined;
  const settings = readSettings(own, `${at}.parameters`, mapping, notes);
  if (models !== undefined) {
    const sources = readSources(models, `${at}.models`, false, mapping, notes);
    return { at, parameters: settings, content: { kind: 'models', models: sources } };
  }
  const read = readList(slices, `${at}.slices`).map((slice, index) =>
    readSlice(slice, `${at}.slices[${index}]`, mapping, notes),
  );
  return { at, parameters: settings, content: { kind: 'slices', slices: read } };
}

function readSlice(value: unknown, at: string, mapping: MethodMapping, notes: Set<string>): SlicePart {
  const keys = ['sources', 'base_model', 'residual_weight', 'parameters'];
  const { sources, base_model: base, parameters, ...others } = readFields(value, at, keys);
  if (others['residual_weight'] !== undefined) {
    notes.add('residual_weight has no effect, as in mergekit');
  }
  return {
    at,
    base: base === undefined ? undefined : locate(base, `${at}.base_model`),
    parameters: readSettings(parameters, `${at}.parameters`, mapping, notes),
    sources: readSources(sources, `${at}.sources`, true, mapping, notes),
  };
}

function readSources(
  value: unknown,
  at: string,
  ranged: boolean,
  mapping: MethodMapping,
  notes: Set<string>,
): SourcePart[] {
  const list = readList(value, at);
  if (list.length > MAX_SOURCES) {
    throw invalidInput('OUT_OF_RANGE', at, `${list.length} are more than ${MAX_SOURCES}`);
  }
  return list.map((item, index) => {
    const place = `${at}[${index}]`;
    const keys = ranged ? ['model', 'layer_range', 'parameters'] : ['model', 'parameters'];
    const { model, layer_range: range, parameters } = readFields(item, place, keys);
    if (model === undefined) throw invalidInput('FIELD_MISSING', `${place}.model`, 'which model?');
    return {
      at: place,
      model: locate(model, `${place}.model`),
      parameters: readSettings(parameters, `${place}.parameters`, mapping, notes),
      range: ranged ? readRange(range, `${place}.layer_range`) : undefined,
    };
  });
}

function readRange(value: unknown, at: string): readonly [number, number] {
  if (value === undefined) throw invalidInput('FIELD_MISSING', at, 'which layers?');
  if (!Array.isArray(value) || value.length !== 2) {
    throw invalidInput('WRONG_TYPE', at, 'must be [first layer, layer after the last]');
  }
  const first = readCount(value[0], `${at}[0]`);
  const end = readCount(value[1], `${at}[1]`);
  if (first >= end) throw invalidInput('OUT_OF_RANGE', at, `has no layer from ${first} up to ${end}`);
  return [first, end];
}
