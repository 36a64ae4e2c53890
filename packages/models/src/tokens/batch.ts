import { invalidInput } from '@eigenloom/errors';

/** Texts as token ids, padded on the right to the longest. */
export interface TokenBatch {
  readonly kind: 'tokens';
  /** [size·length], row-major. */
  readonly ids: Int32Array;
  /** Tokens of each text, without padding. */
  readonly lengths: Int32Array;
  readonly size: number;
  readonly length: number;
}

/** Pads rows of token ids on the right. */
export function makeBatch(rows: readonly (readonly number[] | Int32Array)[], padTokenId: number): TokenBatch {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  if (length === 0)
    throw invalidInput('EMPTY_BATCH', 'texts', 'every text is empty and the tokenizer adds nothing');
  const ids = new Int32Array(rows.length * length).fill(padTokenId);
  rows.forEach((row, index) => {
    ids.set(row, index * length);
  });
  return {
    kind: 'tokens',
    ids,
    lengths: Int32Array.from(rows, (row) => row.length),
    size: rows.length,
    length,
  };
}
