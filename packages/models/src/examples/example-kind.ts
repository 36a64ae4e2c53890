import type { Batch } from '../batch.js';
import type { Labelled } from '../class-names.js';
import type { NetworkPlan } from '../network.js';
import type { UsedExamples } from './examples.js';

/** A data set with everything decided. */
export interface DataSource {
  readonly path: string;
  readonly textField: string;
  readonly labelField: string;
  /** 0: all. */
  readonly limit: number;
}

/** The model that examples are read for. */
export interface ReadingModel {
  /** Its folder, with the tokenizer or whatever else says how examples are read. */
  readonly directory: string;
  readonly network: NetworkPlan;
  /** Longest example in tokens, where examples have any length. */
  readonly maxLength: number;
}

export interface ReadOptions {
  /** Refuse examples without a class, and those of which nothing is left. */
  readonly requireLabels: boolean;
  readonly signal: AbortSignal;
}

/** A data set, opened or read; its examples follow once the classes are known. */
export interface ExampleSet {
  /** Where labels are found: every example, or the first of each class. */
  readonly labelled: readonly Labelled[];
  /** Every example with the row of its class, −1 for one without. Errors: those of the kind, naming the example. */
  classified(rowOf: ReadonlyMap<string, number>): Promise<UsedExamples>;
  /** Those in which one thing follows another, with class −1, to predict what comes next; only of kinds that have an order within. */
  sequences?(): Promise<UsedExamples>;
}

/** Reads examples of one kind as a model has them. */
export interface ExampleReader {
  readonly kind: Batch['kind'];
  /** Positions that an example takes in a batch, at most. */
  readonly mostPositions: number;
  /** Memory of an example in a batch that is held. */
  readonly bytesOfExample: number;
  /** Looks at some of the examples, to find out before a job whether they can be read. Errors: those of `read`. */
  check(source: DataSource, options: ReadOptions): Promise<readonly Labelled[]>;
  /** How many examples there are. */
  count(source: DataSource, signal: AbortSignal): Promise<number>;
  /** `name` is what errors call the data: `train_data`. Errors name the file, and the line where there are lines. */
  read(source: DataSource, name: string, options: ReadOptions): Promise<ExampleSet>;
}

/** One kind of example. A new modality is one of these, and its kind of batch. */
export interface ExampleKind {
  /** What they are called: `texts`. */
  readonly noun: string;
  /** What of a request says something of them: the names of fields in a data set, the longest length. */
  readonly takes: { readonly fields: boolean; readonly maxLength: boolean };
  /** Lines of a model card on how they were read. */
  settings(options: { readonly maxLength: number }): readonly (readonly [name: string, value: string])[];
  /** Errors name a file of the model. */
  open(model: ReadingModel): Promise<ExampleReader>;
  /** Files that a result needs beside it, so that others read examples as it was trained: their text by their names. */
  filesBeside(model: Pick<ReadingModel, 'directory' | 'network'>): Promise<ReadonlyMap<string, string>>;
}
