import { loadTokenizer, TextSet } from '@eigenloom/models';

import type { Texts } from './statistic.js';

/**
 * Token ids of each text, in the order of the file. Texts without a token are left out of a language model's, for lines between
 * paragraphs are such; with `requireTokens` they are refused. Errors: those of the file, naming its line; `TEXT_EMPTY`, `DATASET_EMPTY`.
 */
export async function readTexts(
  { path, textField, limit, maxLength, field = 'data' }: Texts,
  { tokenizerFolder, requireTokens }: { readonly tokenizerFolder: string; readonly requireTokens: boolean },
  signal: AbortSignal,
): Promise<Int32Array[]> {
  const source = { path, textField, limit, name: field, place: { field } };
  const set = await TextSet.read(source, { signal });
  return set.tokens(await loadTokenizer(tokenizerFolder), { maxLength, requireTokens, signal });
}
