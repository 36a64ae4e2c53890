import { carriedFile, readJsonFile, sortedJson } from '@eigenloom/checkpoint';

import type { TokenizerFiles } from '../plan/planned.js';
import type { MergekitInput } from './inputs.js';
import { type Renumbering, withTokenIds } from './special-ids.js';
import type { Vocabulary } from './vocabulary.js';

/** What the ids in the donor's config become; undefined where the tokenizer is its own. */
export async function renumberingFor(
  { directory, files }: TokenizerFiles,
  donor: MergekitInput,
  before: Vocabulary | undefined,
  { tokens }: Vocabulary,
): Promise<Renumbering | undefined> {
  if (tokens === undefined || directory === donor.model.directory) return undefined;
  const name = 'tokenizer_config.json';
  const settings = files.includes(name) ? await readJsonFile(await carriedFile(directory, name)) : {};
  const texts = before?.tokens && new Map([...before.tokens].map(([token, id]) => [id, token]));
  return { before: texts, after: tokens, settings };
}

/** The donor's generation_config.json names tokens by id too, and so goes with the tokenizer. */
export async function withGeneration(
  files: TokenizerFiles,
  { model: { directory, carriedFiles } }: MergekitInput,
  ids: Renumbering | undefined,
): Promise<TokenizerFiles> {
  const name = 'generation_config.json';
  if (ids === undefined || !carriedFiles.includes(name)) return files;
  const config = await readJsonFile(await carriedFile(directory, name));
  const texts = new Map([...(files.texts ?? []), [name, sortedJson(withTokenIds(config, ids))]]);
  return { ...files, files: [...files.files, name], texts };
}
