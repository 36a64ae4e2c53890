import { basename } from 'node:path';

import { opening } from '@eigenloom/checkpoint';
import { corruptData } from '@eigenloom/errors';
import { loadDataset } from '@eigenloom/datasets';
import { loadTokenizer, tokenizeExamples } from '@eigenloom/models';

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
  const examples = await opening({ field }, () => loadDataset(path, { textField, limit, signal }));
  const tokenizer = await loadTokenizer(tokenizerFolder);
  const { rows } = await opening({ field }, () =>
    tokenizeExamples(tokenizer, examples, { path, maxLength, requireTokens, signal }),
  );
  const used = rows.filter((row) => row.length > 0);
  if (used.length === 0)
    throw corruptData('DATASET_EMPTY', `${field}: no text of ${basename(path)} has a token`);
  return used;
}
