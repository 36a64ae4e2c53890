import { basename } from 'node:path';

import { opening, type Place } from '@eigenloom/checkpoint';
import { type Example, loadDataset } from '@eigenloom/datasets';
import { corruptData, incompatible } from '@eigenloom/errors';

import type { ClassifiedText } from './text-examples.js';
import { type TokenizedTexts, tokenizeExamples } from './tokenize.js';
import type { TextTokenizer } from './tokenizer.js';

/** A file of texts as a request names it. */
export interface TextSource {
  readonly path: string;
  /** What errors about all the texts call them: `train_data`. */
  readonly name: string;
  /** Where the request names the file, for errors about one of its lines. Left out where the caller adds it. */
  readonly place?: Place;
  /** Default `text`. */
  readonly textField?: string | undefined;
  /** Default `label`. */
  readonly labelField?: string | undefined;
  /** Read the first examples only. 0 or left out: all. */
  readonly limit?: number | undefined;
}

export interface TokenOptions {
  readonly maxLength: number;
  readonly signal?: AbortSignal;
}

/** Texts to learn from or to judge by. */
export interface UsedTexts {
  readonly texts: readonly ClassifiedText[];
  readonly counts: TextCounts;
}

/** What became of the texts of a data set. */
export interface TextCounts {
  /** Those read. */
  readonly texts: number;
  /** Those that lost their end to `maxLength`. */
  readonly cut: number;
  /** Those left out, since nothing can be learned from them. */
  readonly unused: number;
}

/** The texts of a file, read; the token ids follow once the tokenizer and the classes are known. */
export class TextSet {
  private constructor(
    private readonly source: TextSource,
    readonly examples: readonly Example[],
  ) {}

  /** Errors: those of `loadDataset`. */
  static async read(
    source: TextSource,
    options: { readonly requireLabels?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<TextSet> {
    const { path, place, textField, labelField, limit } = source;
    const fields = {
      ...(textField === undefined ? {} : { textField }),
      ...(labelField === undefined ? {} : { labelField }),
      ...(limit === undefined ? {} : { limit }),
    };
    const examples = await opening(place, () => loadDataset(path, { ...fields, ...options }));
    return new TextSet(source, examples);
  }

  /**
   * Token ids of the texts that have any; blank ones between paragraphs are left out, or refused with `requireTokens`.
   * Errors: `TEXT_EMPTY`, with file and line; `DATASET_EMPTY` where none is left; those of the tokenizer.
   */
  async tokens(
    tokenizer: TextTokenizer,
    options: TokenOptions & { readonly requireTokens?: boolean },
  ): Promise<Int32Array[]> {
    const { rows } = await this.#tokenize(tokenizer, options);
    const used = rows.filter((row) => row.length > 0);
    if (used.length > 0) return used;
    const { name, path } = this.source;
    throw corruptData('DATASET_EMPTY', `${name}: no text of ${basename(path)} has a token`);
  }

  /**
   * Every text with the row of its class, −1 for a text without one. Errors: `TEXT_EMPTY`, with file and line; those of the tokenizer.
   */
  async classified(
    tokenizer: TextTokenizer,
    rowOf: ReadonlyMap<string, number>,
    options: TokenOptions,
  ): Promise<UsedTexts> {
    const { rows, cut } = await this.#tokenize(tokenizer, { ...options, requireTokens: true });
    const texts = this.examples.map(({ label }, i) => ({
      ids: rows[i] ?? new Int32Array(0),
      label: label === undefined ? -1 : (rowOf.get(label) ?? -1),
    }));
    return { texts, counts: { texts: rows.length, cut, unused: 0 } };
  }

  /**
   * The texts of two tokens or more, with class −1; a shorter one has no next token to learn from. Errors: `NO_NEXT_TOKENS` where none is
   * left; those of the tokenizer.
   */
  async withNextTokens(tokenizer: TextTokenizer, options: TokenOptions): Promise<UsedTexts> {
    const { rows, cut } = await this.#tokenize(tokenizer, options);
    const texts = rows.filter((ids) => ids.length > 1).map((ids) => ({ ids, label: -1 }));
    if (texts.length > 0) {
      return { texts, counts: { texts: rows.length, cut, unused: rows.length - texts.length } };
    }
    const { name, path } = this.source;
    throw incompatible(
      'NO_NEXT_TOKENS',
      `${name} (${basename(path)}): no text has two tokens or more, so none has a next token to predict`,
    );
  }

  #tokenize(
    tokenizer: TextTokenizer,
    { requireTokens = false, ...options }: TokenOptions & { readonly requireTokens?: boolean },
  ): Promise<TokenizedTexts> {
    const { place, path } = this.source;
    return opening(place, () =>
      tokenizeExamples(tokenizer, this.examples, { ...options, path, requireTokens }),
    );
  }
}
