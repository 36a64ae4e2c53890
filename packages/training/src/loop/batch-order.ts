import { epochBatches } from '@eigenloom/models';

/** What the order of the batches follows from. */
export interface BatchOrderOptions {
  /** Of the examples; those of like length share a batch. */
  readonly lengths: ArrayLike<number>;
  readonly batchSize: number;
  readonly seed: bigint;
}

/** The batches of a run, epoch after epoch, from any one on: a run resumes by its step number alone. */
export class BatchOrder {
  /** Batches of an epoch; the last may be smaller. */
  readonly perEpoch: number;
  #epoch = -1;
  #batches: readonly Int32Array[] = [];

  constructor(private readonly options: BatchOrderOptions) {
    this.perEpoch = Math.ceil(options.lengths.length / options.batchSize);
  }

  /** Indices of the examples of a batch, which is counted from 0 over all epochs. */
  batch(index: number): Int32Array {
    const epoch = Math.floor(index / this.perEpoch);
    if (epoch !== this.#epoch) {
      const { lengths, batchSize, seed } = this.options;
      this.#batches = epochBatches(lengths, batchSize, seed, epoch);
      this.#epoch = epoch;
    }
    return this.#batches[index % this.perEpoch] ?? new Int32Array(0);
  }
}
