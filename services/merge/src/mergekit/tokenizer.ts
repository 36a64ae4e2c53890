import {
  type JsonObject,
  type ModelConfig,
  type Place,
  carriedFilesOf,
  opening,
} from '@eigenloom/checkpoint';
import { invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { join } from 'node:path';

import type { TokenizerFiles } from '../plan/planned.js';
import type { StageResult } from '../plan/stages.js';
import { isTokenizerFile } from '../plan/tokenizer-files.js';
import type { MergekitDocument } from './document.js';
import { editedTokenizer, withinRows } from './edited-tokenizer.js';
import type { Inputs, MergekitInput } from './inputs.js';
import type { Located } from './located.js';
import { type Rearranged, rearranged } from './rearranged.js';
import { vocabularySize, withVocabulary } from './result-config.js';
import { renumberingFor, withGeneration } from './renumbering.js';
import { withTokenIds } from './special-ids.js';
import { type PlacedWish, type Rearranging, type TokenIds, rowsOf, tokensWithoutRow } from './token-rows.js';
import type { TokenWish } from './token-wish.js';
import type { TokenizerWish } from './tokenizer-wish.js';
import {
  type TokenSet,
  addedTokens,
  allTokens,
  modelTokens,
  unionOf,
  withTokens,
} from './union-tokenizer.js';
import { type Vocabulary, readVocabulary, sameVocabulary } from './vocabulary.js';

interface Surroundings {
  readonly results: ReadonlyMap<string, StageResult>;
  readonly inputs: Inputs;
  readonly context: RequestContext;
}

/** The tokenizer of a result. */
export interface PlannedTokenizer {
  readonly files: TokenizerFiles;
  /** Undefined where the embeddings of all models are in its order already. */
  readonly rearranged: Rearranged | undefined;
  /** What the config says of it: rows of the embeddings, ids of special tokens. */
  readonly configOf: (config: ModelConfig) => ModelConfig;
  readonly notes: readonly string[];
}

/**
 * The tokenizer that a document asks for, and the models' embeddings in the order of its tokens. Undefined when the document says
 * nothing. Errors: `UNSUPPORTED_TOKENIZER`, `TOKENIZER_MISSING`, `UNKNOWN_TOKEN`, naming the place; `INCOMPATIBLE_MODELS`.
 */
export async function planTokenizer(
  { tokenizer }: MergekitDocument,
  donor: MergekitInput,
  models: readonly MergekitInput[],
  surroundings: Surroundings & { readonly base: MergekitInput | undefined },
): Promise<PlannedTokenizer | undefined> {
  if (tokenizer === undefined) return undefined;
  const { source, at, padTo, tokens: wishes } = tokenizer;
  const { signal } = surroundings.context;
  const files =
    source === 'base' || source === 'union'
      ? { directory: donor.model.directory, files: donor.model.carriedFiles.filter(isTokenizerFile) }
      : await filesOf(source, models, surroundings);
  const place = typeof source === 'string' ? placeOf(donor) : { field: source.at, uri: source.uri };
  const found = await opening(place, () => readVocabulary(files.directory, files.files, signal));
  if (found === undefined) throw invalidInput('TOKENIZER_MISSING', at, 'there are no tokenizer files');
  const { target, dropped } = source === 'base' || source === 'union' ? withRows(found, donor) : whole(found);
  // As in mergekit, a model without a tokenizer is taken to have the base's.
  const ofDonor = await vocabularyOf(donor, signal);
  const own: (Vocabulary | undefined)[] = [];
  for (const input of models) own.push(await vocabularyOf(input, signal));
  const same = own.every((vocabulary) => vocabulary === undefined || sameVocabulary(target, vocabulary));
  const multiple = padTo === undefined || padTo === 0 ? 1 : padTo;
  const ids = await renumberingFor(files, donor, ofDonor, target);
  if (same && wishes.length === 0 && hasRows(target, donor, multiple)) {
    const configOf = ids === undefined ? unchanged : (config: ModelConfig) => withTokenIds(config, ids);
    return { files: await withGeneration(files, donor, ids), rearranged: undefined, configOf, notes: [] };
  }
  const parts = models.map((input, index) => partOf(input, own[index] ?? ofDonor ?? target, at));
  const json = extended(tokenizer, target, parts) ?? (dropped === 0 ? undefined : target.json);
  const tokens = json === undefined ? knownTokens(target, at) : allTokens(json);
  const placed = await placeWishes(wishes, models, surroundings);
  const setting: Rearranging = {
    ...{ tokens, wishes: placed, padTo: multiple },
    models: parts.map((part) => part.ids),
    base: surroundings.base === undefined ? undefined : models.indexOf(surroundings.base),
  };
  const [first, ...others] = rowsOf(setting);
  if (first === undefined) throw invalidInput('FIELD_MISSING', at, 'of which models?');
  const rows = first.starts.length - 1 + first.padding;
  const made = json === undefined ? files : await editedTokenizer(files, json);
  return {
    files: await withGeneration(made, donor, ids),
    rearranged: rearranged(models, [first, ...others]),
    configOf: (config) => withVocabulary(ids === undefined ? config : withTokenIds(config, ids), rows),
    notes: notesOf(donor, rows, dropped, tokensWithoutRow(setting)),
  };
}

/** A tokenizer without the tokens for which its model has no embeddings, and how many those are. */
function withRows(vocabulary: Vocabulary, { model }: MergekitInput): { target: Vocabulary; dropped: number } {
  const { json } = vocabulary;
  const rows = vocabularySize(model.config);
  const within = json === undefined || rows === undefined ? undefined : withinRows(json, rows);
  if (within === undefined) return whole(vocabulary);
  const tokens = allTokens(within);
  const dropped = (vocabulary.tokens?.size ?? 0) - tokens.size;
  return { target: { digest: `${vocabulary.digest} within ${rows}`, tokens, json: within }, dropped };
}

const whole = (target: Vocabulary): { target: Vocabulary; dropped: number } => ({ target, dropped: 0 });

const unchanged = (config: ModelConfig): ModelConfig => config;

function notesOf(donor: MergekitInput, rows: number, dropped: number, without: number): string[] {
  const before = vocabularySize(donor.model.config);
  return [
    ...(before === undefined || before === rows
      ? []
      : [`the embeddings get ${rows} rows, as many as the tokenizer asks for, instead of ${before}`]),
    ...(dropped === 0
      ? []
      : [`${dropped} tokens of the tokenizer have no row in its model and are taken out`]),
    ...(without === 0 ? [] : [`${without} tokens that no model has get rows of zeros`]),
  ];
}

const placeOf = ({ label }: MergekitInput): Place => ({ field: label });

const vocabularyOf = (input: MergekitInput, signal: AbortSignal): Promise<Vocabulary | undefined> =>
  opening(placeOf(input), () => readVocabulary(input.model.directory, input.model.carriedFiles, signal));

interface VocabularyPart extends TokenSet {
  readonly ids: TokenIds;
}

/** The tokens of a model that have a row; ids at and above the config's `vocab_size` have none. */
function partOf(
  { model: { config }, label }: MergekitInput,
  vocabulary: Vocabulary,
  at: string,
): VocabularyPart {
  const tokens = knownTokens(vocabulary, at, label);
  const limit = vocabularySize(config) ?? tokens.size;
  const within = (ids: ReadonlyMap<string, number>): Map<string, number> =>
    new Map([...ids].filter(([, id]) => id < limit));
  const { json } = vocabulary;
  return {
    ids: within(tokens),
    plain: within(json === undefined ? tokens : modelTokens(json)),
    added: json === undefined ? [] : addedTokens(json).filter(({ id }) => id < limit),
  };
}

function knownTokens({ tokens }: Vocabulary, at: string, label?: string): ReadonlyMap<string, number> {
  if (tokens !== undefined) return tokens;
  const whose = label === undefined ? 'its tokens' : `the tokens of ${label}`;
  throw unsupported(at, `${whose} can be read only from tokenizer.json or vocab.txt`);
}

/** The tokenizer with the tokens of a union and of the wishes; undefined where it stays as it is. */
function extended(
  { source, at, tokens: wishes }: TokenizerWish,
  target: Vocabulary,
  parts: readonly VocabularyPart[],
): JsonObject | undefined {
  const { tokens, like } = source === 'union' ? unionOf(parts) : { tokens: [], like: new Map() };
  const known = knownTokens(target, at);
  const missing = [...tokens, ...wishes.map(({ token }) => token)].filter((token) => !known.has(token));
  if (missing.length === 0) return undefined;
  if (target.json === undefined) throw unsupported(at, 'tokens can be added only to a tokenizer.json');
  return withTokens(target.json, missing, like);
}

async function placeWishes(
  wishes: readonly TokenWish[],
  models: readonly MergekitInput[],
  { inputs, results }: Surroundings,
): Promise<Map<string, PlacedWish>> {
  const placed = new Map<string, PlacedWish>();
  for (const { token, source, force, at } of wishes) {
    if (source === undefined || source.kind === 'zero') {
      placed.set(token, { token, source, force, at });
      continue;
    }
    const model = models.indexOf(await inputs.open(source.model, results));
    if (model < 0)
      throw invalidInput('OUT_OF_RANGE', source.model.at, 'is not one of the models that are merged');
    if (source.kind === 'token' && typeof source.token === 'number') {
      const rows = vocabularySize(models[model]?.model.config ?? {});
      if (rows !== undefined && source.token >= rows) {
        throw invalidInput('OUT_OF_RANGE', `${at}.source`, `the model has ${rows} rows`);
      }
    }
    placed.set(token, { token, force, at, source: { ...source, model } });
  }
  return placed;
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
  const place = { field: source.at, uri: source.uri };
  const known = models.find(({ path }) => path === directory);
  const files = (known?.model.carriedFiles ?? (await opening(place, () => carriedFilesOf(directory)))).filter(
    isTokenizerFile,
  );
  const paths = files.map((name) => join(directory, name));
  const fields = new Map([[source.at, 'tokenizer']]);
  inputs.add({ role: 'tokenizer', fields, files: paths, adapters: [], ignored: [] });
  return { directory, files };
}

/** Whether the embeddings have the rows that mergekit would give them; unknown sizes are left alone. */
function hasRows({ tokens }: Vocabulary, donor: MergekitInput, multiple: number): boolean {
  const rows = vocabularySize(donor.model.config);
  if (tokens === undefined) return multiple === 1;
  return rows === undefined || rows === Math.ceil(tokens.size / multiple) * multiple;
}

const unsupported = (at: string, why: string): Error => invalidInput('UNSUPPORTED_TOKENIZER', at, why);
