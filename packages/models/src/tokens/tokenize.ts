import { basename } from 'node:path';

import type { Example } from '@eigenloom/datasets';
import { corruptData } from '@eigenloom/errors';

import type { TextTokenizer } from './tokenizer.js';

interface Tokenizing {
  readonly maxLength: number;
  readonly signal?: AbortSignal;
}

/** Texts as token ids, and how many of them lost their end to `maxLength`. */
export interface TokenizedTexts {
  readonly rows: Int32Array[];
  readonly cut: number;
}

/** Token ids of many texts. Gives way to the event loop often enough for a service to stay responsive. */
export async function tokenize(
  tokenizer: TextTokenizer,
  texts: readonly string[],
  options: Tokenizing,
): Promise<Int32Array[]> {
  return (await tokenizeAll(tokenizer, texts, options)).rows;
}

/**
 * Token ids of the examples of a file. With `requireTokens` an example without a token is refused, for nothing can be said of it; it is
 * one where the text is empty, or nothing is left of it, and the tokenizer puts no token around it. Errors: `TEXT_EMPTY`, with file and
 * line; those of `TextTokenizer.encode`.
 */
export function tokenizeExamples(
  tokenizer: TextTokenizer,
  examples: readonly Example[],
  {
    path,
    requireTokens,
    ...options
  }: Tokenizing & { readonly path: string; readonly requireTokens: boolean },
): Promise<TokenizedTexts> {
  const onEmpty = (index: number): void => {
    const { text = '', line = 0 } = examples[index] ?? {};
    throw corruptData(
      'TEXT_EMPTY',
      `${basename(path)}:${line}: the text ${JSON.stringify(text.slice(0, SHOWN))} has no tokens; write a text there or take the line out`,
    );
  };
  const texts = examples.map(({ text }) => text);
  return tokenizeAll(tokenizer, texts, requireTokens ? { ...options, onEmpty } : options);
}

/** Characters of a text that an error shows. */
const SHOWN = 60;

async function tokenizeAll(
  tokenizer: TextTokenizer,
  texts: readonly string[],
  { maxLength, signal, onEmpty }: Tokenizing & { readonly onEmpty?: (index: number) => void },
): Promise<TokenizedTexts> {
  const rows: Int32Array[] = [];
  let cut = 0;
  let since = performance.now();
  for (const [index, text] of texts.entries()) {
    const { ids, isCut } = tokenizer.encodeWithin(text, maxLength);
    if (ids.length === 0) onEmpty?.(index);
    if (isCut) cut += 1;
    rows.push(Int32Array.from(ids));
    if (performance.now() - since > 10) {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      since = performance.now();
    }
  }
  return { rows, cut };
}
