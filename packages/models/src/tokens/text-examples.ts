import type { Examples } from '../examples/examples.js';
import { makeBatch, type TokenBatch } from './batch.js';

/** Token ids with the index of their class. */
export interface ClassifiedText {
  readonly ids: Int32Array;
  readonly label: number;
}

/** Texts in memory. */
export class TextExamples implements Examples<TokenBatch> {
  readonly lengths: Int32Array;
  readonly labels: Int32Array;

  constructor(
    readonly texts: readonly ClassifiedText[],
    private readonly padTokenId: number,
  ) {
    this.lengths = Int32Array.from(texts, ({ ids }) => ids.length);
    this.labels = Int32Array.from(texts, ({ label }) => label);
  }

  batch(indices: Int32Array): TokenBatch {
    const rows = Array.from(indices, (i) => this.texts[i]?.ids ?? new Int32Array(0));
    return makeBatch(rows, this.padTokenId);
  }
}
