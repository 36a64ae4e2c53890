import type { Batch } from '../batch.js';

/** What a network learns from or is judged by, of any kind, by number. */
export interface Examples<B extends Batch = Batch> {
  /** Positions that each takes in a batch: those of like length share one. */
  readonly lengths: Int32Array;
  /** Row of the class of each, −1 for one without a class. */
  readonly labels: Int32Array;
  /**
   * Reads what `batch` needs of these examples, where they are not in memory; holds at least the last two batches that were asked for, so
   * that one is read while the one before it is worked on. Errors: those of the files, naming the example.
   */
  load?(indices: Int32Array, signal?: AbortSignal): Promise<void>;
  /** These examples as a batch, once they are loaded. */
  batch(indices: Int32Array): B;
  /** Lets go of open files. */
  close?(): Promise<void>;
}

/** What became of the examples of a data set. */
export interface ExampleCounts {
  /** Those read. */
  readonly examples: number;
  /** Those that are not used as they are: how many, and what became of them, as `lost their end`. */
  readonly changed: readonly { readonly count: number; readonly how: string }[];
}

/** Examples to learn from or to judge by. */
export interface UsedExamples {
  readonly examples: Examples;
  readonly counts: ExampleCounts;
}

/** Begins to load a batch before it is needed. What fails here fails again when it is. */
export function loadAhead(
  examples: Pick<Examples, 'load'>,
  indices: Int32Array | undefined,
  signal?: AbortSignal,
): void {
  if (indices !== undefined) examples.load?.(indices, signal).catch(() => undefined);
}
