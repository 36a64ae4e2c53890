import { invalidInput } from '@eigenloom/errors';

import { epochBatches } from './batches.js';

export interface BatchOrderOptions {
  /** How long each example is; examples of like length come together. All the same for images. */
  readonly lengths: ArrayLike<number>;
  readonly batchSize: number;
  readonly seed: bigint;
}

/**
 * The batches of an endless training, by number: epoch after epoch, each in an order of its own. A batch follows from the seed and its
 * number alone, so a run may go on from any of them. Holds the order of one epoch.
 * Errors: `EMPTY_ORDER` without examples, `OUT_OF_RANGE` for a batch size below 1.
 */
export class BatchOrder {
  /** Batches of one epoch; the smallest of them holds what is left over. */
  readonly perEpoch: number;
  readonly #options: BatchOrderOptions;
  #epoch = -1;
  #batches: readonly Int32Array[] = [];

  constructor(options: BatchOrderOptions) {
    const { lengths, batchSize } = options;
    if (lengths.length === 0) throw invalidInput('EMPTY_ORDER', 'data', 'has no examples to put in order');
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw invalidInput('OUT_OF_RANGE', 'batch_size', `must be an integer of at least 1, not ${batchSize}`);
    }
    this.#options = options;
    this.perEpoch = Math.ceil(lengths.length / batchSize);
  }

  /** Epoch of batch `index`, from 0. */
  epochOf(index: number): number {
    return Math.floor(index / this.perEpoch);
  }

  /** Examples of batch `index`, counted from 0 over all epochs. */
  batch(index: number): Int32Array {
    const epoch = this.epochOf(index);
    if (epoch !== this.#epoch) {
      const { lengths, batchSize, seed } = this.#options;
      this.#batches = epochBatches(lengths, batchSize, seed, epoch);
      this.#epoch = epoch;
    }
    const batch = this.#batches[index % this.perEpoch];
    if (batch === undefined) throw new RangeError(`no batch ${index}: batches are counted from 0`);
    return batch;
  }
}
