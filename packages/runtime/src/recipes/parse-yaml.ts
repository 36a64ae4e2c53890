import { invalidInput } from '@eigenloom/errors';
import { parseDocument } from 'yaml';

/** As large as a request may be; a pipeline of hundreds of steps is far below. */
const MAX_RECIPE_BYTES = 256 * 1024;
/** Uses of an alias, with those inside it multiplied: no recipe needs more, and an alias bomb needs many more. */
const MAX_ALIASES = 100;

/**
 * Parses YAML (and so JSON). Integers come as bigint. Throws InvalidInput `RECIPE_TOO_LARGE`, `YAML_ALIAS_LIMIT`,
 * `RECIPE_KEY_DUPLICATE`, `RECIPE_TOO_DEEP` or `YAML_INVALID`, each with the line where there is one.
 */
export function parseYaml(text: string): unknown {
  if (Buffer.byteLength(text) > MAX_RECIPE_BYTES) {
    throw invalidInput('RECIPE_TOO_LARGE', 'recipe', 'must be at most 256 KiB');
  }
  try {
    const document = parseDocument(text, {
      intAsBigInt: true,
      uniqueKeys: true,
      strict: true,
      prettyErrors: true,
    });
    const [error] = document.errors;
    if (error !== undefined) {
      const reason = error.code === 'DUPLICATE_KEY' ? 'RECIPE_KEY_DUPLICATE' : 'YAML_INVALID';
      throw invalidInput(reason, 'recipe', error.message.split('\n')[0] ?? 'is not YAML');
    }
    return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
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
