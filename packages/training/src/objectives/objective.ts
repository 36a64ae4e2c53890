import type { Model } from '@eigenloom/checkpoint';
import type { tf } from '@eigenloom/engine';
import type {
  Batch,
  ClassifierHead,
  DataSource,
  ExampleCounts,
  ExampleReader,
  Examples,
  ForwardOptions,
  Labelled,
  Network,
  NetworkPlan,
  Scored,
  TextTokenizer,
} from '@eigenloom/models';
import type { NamedTensors } from '../checkpoints/named-tensors.js';
import type { CombineGradients, NamedLosses } from '../gradients/take-gradients.js';
import type { Evaluation } from '../loop/run-state.js';
import type { HeadStart, StoredHead } from './stored-head.js';

/** What became of the examples of a run. */
export interface DataCounts {
  /** What they are. */
  readonly kind: Batch['kind'];
  readonly train: ExampleCounts;
  readonly validation: ExampleCounts | null;
}

/** Where an objective reads its examples. */
export interface Reading {
  readonly train: DataSource;
  readonly validation: DataSource | null;
  /** Of the kind that the model reads. */
  readonly reader: ExampleReader;
  readonly signal: AbortSignal;
  /** The head that the adapter or the model has, of the objective's kind; null where there is none. */
  storedHead(): Promise<StoredHead | null>;
}

/** What an objective learns from. */
export interface ObjectiveData<E extends Examples = Examples> {
  readonly train: E;
  readonly validation: E | null;
  readonly counts: DataCounts;
  /** Class names in the order of the head's rows; empty without a head. */
  readonly classes: readonly string[];
  /** Where the head's values come from. */
  readonly headStart: HeadStart;
}

/** A model beside the one that is trained, such as a teacher, as a request names it. */
export interface ObjectiveModel {
  /** As lineage and `ObjectiveContext.open` call it: `teacher`. */
  readonly role: string;
  /** Where the request has it, for errors. */
  readonly field: string;
  readonly uri: string;
  readonly adapters: readonly string[];
}

/** A model whose weights have not been read. */
export interface OpenedModel {
  readonly model: Model;
  readonly network: NetworkPlan;
  tokenizer(): Promise<TextTokenizer>;
}

/** The model that is trained, and what it is trained on. */
export interface TrainedModel extends OpenedModel {
  readonly classes: KnownClasses;
  /** Longest text, in tokens. */
  readonly maxLength: number;
}

/** Class names as far as they are known: those of a new head are, once all training examples have been read. */
export interface KnownClasses {
  /** Empty without a head. */
  readonly names: readonly string[];
  readonly areAll: boolean;
}

/** What an objective works with once the model is loaded. */
export interface ObjectiveContext {
  readonly network: Network;
  /** On the network; null where the objective has none. */
  readonly head: ClassifierHead | null;
  /** Settings of a forward pass: of a training step, or without one of an evaluation. */
  readonly pass: (step?: number) => ForwardOptions;
  /** Of evaluations. */
  readonly batchSize: number;
  readonly seed: bigint;
  readonly signal: AbortSignal;
  /** A model of the objective's `models`. */
  open(role: string): Promise<Model>;
}

/** A part of the parameters that moves by losses of its own, such as a generator's. */
export interface ObjectivePlayer {
  readonly name: string;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  losses(indices: Int32Array, step: number): NamedLosses;
}

/** A batch, what the network made of it, and the losses of that. */
export interface Forwarded extends Scored {
  readonly batch: Batch;
  /** The right column of each row of the scores; −1 where none is. */
  readonly targets: Int32Array;
  readonly losses: NamedLosses;
}

/** An objective at work. Whatever it keeps between steps is saved and restored by `tensors` and `restore`. */
export interface ObjectiveState {
  /** Reads what the losses of a batch need, before them and before the step of the batch before. Default: all is in memory. */
  load?(indices: Int32Array): Promise<void>;
  /** The losses of a batch of training examples; `step` counts from 1. Called inside tf.tidy; the same arguments give the same values. */
  losses(indices: Int32Array, step: number): NamedLosses;
  /** As `losses`, with what they are taken of, for an objective that adds to this one. Left out where that is no one forward pass. */
  forward?(indices: Int32Array, step: number): Forwarded;
  /** Makes one gradient of those of the losses. Default: that of the weighted sum. */
  readonly combine?: CombineGradients;
  /** Trained beside what the plan trains, by names of their own, and no part of the result: projections, a critic. */
  readonly parameters?: ReadonlyMap<string, tf.Variable>;
  /** Who moves, of everything that is trained. Default: one player with `losses`. */
  players?(trained: ReadonlyMap<string, tf.Variable>): readonly [ObjectivePlayer, ...ObjectivePlayer[]];
  /** Over the validation examples. Errors: CANCELLED. */
  evaluate(): Promise<Evaluation>;
  /** Runs after a step, for averages of weights and banks of features. */
  afterStep?(step: number): Promise<void>;
  tensors?(): Promise<NamedTensors>;
  restore?(saved: NamedTensors): void;
}

/** What the files of the result say of an objective. */
export interface ObjectiveFiles {
  /** PEFT's task type; empty where it has none. */
  readonly taskType: string;
  /** Keys of config.json, such as the names of classes; null where the model's config stays as it is. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** Hugging Face's class of the result; null: as before. */
  readonly className: string | null;
  readonly card: CardLines;
}

/** What a model card says of the head. */
export interface CardLines {
  /** In words, for the table; empty without a head. */
  readonly head: string;
  /** How to load it, or what to look out for. */
  readonly note: string;
}

/** What is minimised, with its parameters. All that it needs of data, heads and files is here and nowhere else. */
export interface Objective<E extends Examples = Examples> {
  /** Examples without a label, and those of which nothing is left, are refused. */
  readonly isLabelled: boolean;
  /** What an evaluation measures beside the loss, by name, with what that is. */
  readonly metrics: Readonly<Record<string, string>>;
  /** Other models that it reads. */
  readonly models?: readonly ObjectiveModel[];
  /** The head that it trains on a network; null where the model's own output is what it needs. */
  head(network: NetworkPlan): ClassifierHead | null;
  /** Whether a model can be trained so. Errors name the field of the request. */
  checkModel(network: NetworkPlan, tensors: { has(name: string): boolean }): Promise<void>;
  /** Whether the other models go with the one that is trained. Errors name the field of the request. */
  checkModels?(models: ReadonlyMap<string, OpenedModel>, trained: TrainedModel): Promise<void>;
  /** The classes, told from some of the training examples. Left out where there are none. Errors: `LABELS_DIFFER`. */
  classes?(examples: readonly Labelled[], stored: StoredHead | null): KnownClasses;
  /** Whether examples fit the head. `where` says whose they are: `train_data`. Errors: `LABEL_UNKNOWN`, `LABELS_DIFFER`. */
  checkExamples(examples: readonly Labelled[], stored: StoredHead | null, where: string): Promise<void>;
  /**
   * Numbers that the losses hold for the positions of a batch, beside what the layers do, for estimates of memory; `inParts` where parts are
   * computed again for their gradient. Default: 0.
   */
  lossValues?(network: NetworkPlan, positions: number, inParts: boolean): number;
  /** Errors name the example that does not fit. */
  read(reading: Reading): Promise<ObjectiveData<E>>;
  prepare(data: ObjectiveData<E>, context: ObjectiveContext): Promise<ObjectiveState>;
  files(network: NetworkPlan, classes: readonly string[]): ObjectiveFiles;
}
