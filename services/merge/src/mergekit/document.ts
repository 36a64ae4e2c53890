import { invalidInput } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';

import { type Fields, readFields, readString } from './fields.js';
import { type Located, locate } from './located.js';
import { type MethodMapping, mappingNamed } from './mappings.js';
import { type OutputPart, readPart } from './read-part.js';
import { readSettings } from './read-settings.js';
import type { Settings } from './settings.js';
import { type TokenizerWish, readTokenizer } from './tokenizer-wish.js';

/** One document of a configuration: one merge. */
export interface MergekitDocument {
  /** `mergekit`, or `mergekit[1]` where there are several. */
  readonly at: string;
  /** By which other documents name its result. */
  readonly name: string | undefined;
  readonly mapping: MethodMapping;
  readonly base: Located | undefined;
  readonly parameters: Settings;
  /** The whole model, or its modules by name. */
  readonly output: OutputPart | ReadonlyMap<string, OutputPart>;
  /** `dtype`: what the result is stored in unless `out_dtype` says otherwise; float64 is the arithmetic too. */
  readonly dtype: Dtype | undefined;
  readonly outDtype: Dtype | undefined;
  readonly tokenizer: TokenizerWish | undefined;
  readonly chatTemplate: string | undefined;
  /** What the document says and its method has no use for. */
  readonly notes: readonly string[];
}

const KEYS = [
  ...['name', 'models', 'slices', 'modules', 'merge_method', 'base_model', 'parameters'],
  ...['dtype', 'out_dtype', 'tokenizer_source', 'tokenizer', 'chat_template'],
];
/** Names stand in errors, which must stay short. */
const MAX_NAME = 64;
const DTYPES: Readonly<Record<string, Dtype>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
};

/** Checks one document. Errors: InvalidInput naming the place. */
export function readDocument(value: unknown, at: string): MergekitDocument {
  const fields = readFields(value, at, KEYS);
  const mapping = mappingNamed(fields['merge_method'], `${at}.merge_method`);
  const notes = new Set<string>();
  const base = fields['base_model'];
  return {
    at,
    name: readName(fields['name'], `${at}.name`),
    mapping,
    base: base === undefined ? undefined : locate(base, `${at}.base_model`),
    parameters: readSettings(fields['parameters'], `${at}.parameters`, mapping, notes),
    output: readOutput(fields, at, mapping, notes),
    dtype: readDtype(fields['dtype'], `${at}.dtype`),
    outDtype: readDtype(fields['out_dtype'], `${at}.out_dtype`),
    tokenizer: readTokenizer(fields, at),
    chatTemplate: readString(fields['chat_template'], `${at}.chat_template`),
    notes: [...notes],
  };
}

function readOutput(
  fields: Fields,
  at: string,
  mapping: MethodMapping,
  notes: Set<string>,
): MergekitDocument['output'] {
  const given = ['models', 'slices', 'modules'].filter((key) => fields[key] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is' : `${given.join(' and ')} are`;
    throw invalidInput(
      'ONEOF_CONFLICT',
      at,
      `needs exactly one of models, slices and modules; ${found} given`,
    );
  }
  if (fields['modules'] === undefined) return readPart(fields, at, mapping, notes);
  const modules = Object.entries(readFields(fields['modules'], `${at}.modules`));
  if (modules.length === 0) throw invalidInput('WRONG_TYPE', `${at}.modules`, 'must not be empty');
  return new Map(
    modules.map(([name, module]): [string, OutputPart] => {
      const place = `${at}.modules.${name.slice(0, MAX_NAME)}`;
      const inner = readFields(module, place, ['models', 'slices', 'parameters']);
      return [name, readPart(inner, place, mapping, notes)];
    }),
  );
}

function readName(value: unknown, at: string): string | undefined {
  const name = readString(value, at);
  if (name !== undefined && (name === '' || name.length > MAX_NAME)) {
    throw invalidInput('OUT_OF_RANGE', at, `must have from 1 to ${MAX_NAME} characters`);
  }
  return name;
}

function readDtype(value: unknown, at: string): Dtype | undefined {
  const name = readString(value, at)?.replace(/^torch\./, '');
  if (name === undefined) return undefined;
  const dtype = Object.hasOwn(DTYPES, name) ? DTYPES[name] : undefined;
  if (dtype === undefined) {
    const known = Object.keys(DTYPES);
    throw invalidInput('WRONG_TYPE', at, `must be one of ${known.join(', ')}`);
  }
  return dtype;
}
