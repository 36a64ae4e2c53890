import { invalidInput } from '@eigenloom/errors';
import { type Document, type Tags, parseAllDocuments, parseDocument, stringify } from 'yaml';
import { MERGE_TAG, withMergedKeys } from './merge-keys.js';
import { YAML_1_1 } from './yaml-1.1.js';

/** As large as a request may be; a pipeline of hundreds of steps is far below. */
const MAX_RECIPE_BYTES = 256 * 1024;
/** Uses of an alias, with those inside it multiplied: no recipe needs more, and an alias bomb needs many more. */
const MAX_ALIASES = 100;
const OPTIONS = { intAsBigInt: true, uniqueKeys: true, strict: true, prettyErrors: true } as const;
/** Our own recipes: YAML 1.2, and merge keys. */
const RECIPE = { ...OPTIONS, customTags: (tags: Tags): Tags => [...tags, MERGE_TAG] };
/** Files of mergekit: YAML 1.1. */
const MERGEKIT = { ...OPTIONS, schema: 'failsafe' as const, customTags: [...YAML_1_1, MERGE_TAG] };

/**
 * Parses YAML 1.2 (and so JSON), with merge keys. Integers come as bigint. Throws InvalidInput `RECIPE_TOO_LARGE`, `YAML_ALIAS_LIMIT`,
 * `RECIPE_KEY_DUPLICATE`, `RECIPE_TOO_DEEP` or `YAML_INVALID`, each with the line where there is one.
 */
export function parseYaml(text: string): unknown {
  return guarded(text, () => valueOf(parseDocument(text, RECIPE)));
}

/**
 * The documents of a file of mergekit, in YAML 1.1 as mergekit reads it; documents without content are left out. A key that stands twice
 * is an error here, where PyYAML would take the last. Throws as `parseYaml`.
 */
export function parseMergekitDocuments(text: string): unknown[] {
  return guarded(text, () => {
    const documents = parseAllDocuments(text, MERGEKIT);
    return Array.from(documents, valueOf).filter((value) => value !== null);
  });
}

/** A document that `parseMergekitDocuments` reads as the same values. */
export const writeMergekitDocument = (value: unknown): string =>
  stringify(value, { schema: 'failsafe', customTags: [...YAML_1_1], aliasDuplicateObjects: false });

function valueOf(document: Document): unknown {
  const [error] = document.errors;
  if (error !== undefined) {
    const reason = error.code === 'DUPLICATE_KEY' ? 'RECIPE_KEY_DUPLICATE' : 'YAML_INVALID';
    throw invalidInput(reason, 'recipe', error.message.split('\n')[0] ?? 'is not YAML');
  }
  // Such a value would be read as if it had no tag, which is not what its author meant.
  const tag = document.warnings.find(({ code }) => code === 'TAG_RESOLVE_FAILED');
  if (tag !== undefined) throw invalidInput('YAML_INVALID', 'recipe', tag.message.split('\n')[0] ?? '');
  return withMergedKeys(document.toJS({ maxAliasCount: MAX_ALIASES }));
}

function guarded<T>(text: string, parse: () => T): T {
  if (Buffer.byteLength(text) > MAX_RECIPE_BYTES) {
    throw invalidInput('RECIPE_TOO_LARGE', 'recipe', 'must be at most 256 KiB');
  }
  try {
    return parse();
  } catch (error) {
    if (error instanceof ReferenceError) {
      throw invalidInput('YAML_ALIAS_LIMIT', 'recipe', `uses more than ${String(MAX_ALIASES)} aliases`);
    }
    if (error instanceof RangeError) {
      throw invalidInput('RECIPE_TOO_DEEP', 'recipe', 'is nested too deeply');
    }
    throw error;
  }
}
