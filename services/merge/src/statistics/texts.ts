import { opening } from '@eigenloom/checkpoint';
import { corruptData } from '@eigenloom/errors';
import { loadDataset, loadTokenizer, tokenize } from '@eigenloom/models';

import type { Texts } from './statistic.js';

/** Token ids of each text, in the order of the file. Errors: those of the file, naming its line; `DATASET_EMPTY`. */
export async function readTexts(
  { path, textField, limit, maxLength, field = 'data' }: Texts,
  tokenizerFolder: string,
  signal: AbortSignal,
): Promise<Int32Array[]> {
  const examples = await opening({ field }, () => loadDataset(path, { textField, limit, signal }));
  const tokenizer = await loadTokenizer(tokenizerFolder);
  const rows = await tokenize(
    tokenizer,
    examples.map(({ text }) => text),
    { maxLength, signal },
  );
  const used = rows.filter((row) => row.length > 0);
  if (used.length === 0) throw corruptData('DATASET_EMPTY', 'no text has a token');
  return used;
}
