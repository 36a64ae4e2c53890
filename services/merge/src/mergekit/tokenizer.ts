import { carriedFilesOf } from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { join } from 'node:path';

import type { TokenizerFiles } from '../plan/planned.js';
import type { StageResult } from '../plan/stages.js';
import { isTokenizerFile } from '../run/tokenizer-files.js';
import type { MergekitDocument } from './document.js';
import type { Inputs, MergekitInput } from './inputs.js';
import type { Located } from './located.js';
import type { TokenizerWish } from './tokenizer-wish.js';
import { type Vocabulary, readVocabulary, sameVocabulary } from './vocabulary.js';

interface Surroundings {
  readonly results: ReadonlyMap<string, StageResult>;
  readonly inputs: Inputs;
  readonly context: RequestContext;
}

/**
 * The tokenizer that a document asks for, where it can be had by copying: when the source and every model have the same tokens at the
 * same ids, and embeddings have a row for each. Otherwise mergekit would rearrange embeddings, which is refused, never left out.
 * Undefined when the document says nothing. Errors: `UNSUPPORTED_TOKENIZER`, `TOKENIZER_MISSING`, naming the place.
 */
export async function planTokenizer(
  { tokenizer }: MergekitDocument,
  donor: MergekitInput,
  models: readonly MergekitInput[],
  surroundings: Surroundings,
): Promise<TokenizerFiles | undefined> {
  if (tokenizer === undefined) return undefined;
  const { source, at } = tokenizer;
  const { signal } = surroundings.context;
  const files =
    source === 'base' || source === 'union'
      ? { directory: donor.model.directory, files: donor.model.carriedFiles.filter(isTokenizerFile) }
      : await filesOf(source, models, surroundings);
  const vocabulary = await readVocabulary(files.directory, files.files, signal);
  if (vocabulary === undefined) throw invalidInput('TOKENIZER_MISSING', at, 'there are no tokenizer files');
  for (const { model, label } of models) {
    const own = await readVocabulary(model.directory, model.carriedFiles, signal);
    // As in mergekit, a model without a tokenizer is taken to have the base's.
    if (own === undefined || sameVocabulary(vocabulary, own)) continue;
    throw unsupported(at, `the tokens of ${label} differ, and embeddings cannot be rearranged`);
  }
  checkRows(tokenizer, vocabulary, donor);
  return files;
}

async function filesOf(
  source: Located,
  models: readonly MergekitInput[],
  { inputs, context, results }: Surroundings,
): Promise<TokenizerFiles> {
  const made = results.get(source.uri)?.model;
  if (made !== undefined) {
    return { directory: made.directory, files: made.carriedFiles.filter(isTokenizerFile) };
  }
  const directory = await context.resolve(source.uri, source.at);
  const known = models.find(({ path }) => path === directory);
  const files = (known?.model.carriedFiles ?? (await carriedFilesOf(directory))).filter(isTokenizerFile);
  const paths = files.map((name) => join(directory, name));
  const fields = new Map([[source.at, 'tokenizer']]);
  inputs.add({ role: 'tokenizer', fields, files: paths, adapters: [], ignored: [] });
  return { directory, files };
}

/** mergekit cuts or fills embeddings to the tokenizer's size; here they must have it. */
function checkRows({ at, padTo, padAt }: TokenizerWish, { tokens }: Vocabulary, donor: MergekitInput): void {
  if (tokens === undefined)
    throw unsupported(at, 'its tokens can be counted only in tokenizer.json or vocab.txt');
  const wanted = padTo === undefined || padTo === 0 ? tokens.size : Math.ceil(tokens.size / padTo) * padTo;
  const rows = donor.model.config['vocab_size'];
  if (typeof rows !== 'number' || rows === wanted) return;
  const where = wanted === tokens.size ? at : padAt;
  throw unsupported(where, `embeddings of ${rows} rows cannot be made into ${wanted}`);
}

const unsupported = (at: string, why: string): Error => invalidInput('UNSUPPORTED_TOKENIZER', at, why);
