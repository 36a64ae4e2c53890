import type { tf } from '@eigenloom/engine';

/** Where the examples of a batch lie among the rows of hidden states: `length` rows each, the last ones of a short example padding. */
export interface RowLayout {
  /** Examples. */
  readonly size: number;
  /** Rows of each example, padding included. */
  readonly length: number;
  /** Rows of each example without padding. */
  readonly lengths: Int32Array;
}

/** What a network makes of a batch. */
export interface Features {
  /** Last hidden states: [rows, hidden]. */
  readonly hidden: tf.Tensor2D;
  /** Which of the rows belong to which example. */
  readonly layout: RowLayout;
}

export const isPadded = ({ lengths, length }: RowLayout): boolean => lengths.some((n) => n < length);

/** Rows that are not padding, in [size·length]. */
export function filledRows({ lengths, length }: RowLayout): Int32Array {
  const rows = new Int32Array(lengths.reduce((sum, n) => sum + n, 0));
  let at = 0;
  lengths.forEach((count, index) => {
    for (let t = 0; t < count; t++) rows[at++] = index * length + t;
  });
  return rows;
}
