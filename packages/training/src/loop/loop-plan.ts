import type { CheckpointStore } from '../checkpoints/checkpoint-store.js';
import type { NamedTensors } from '../checkpoints/named-tensors.js';
import type { TakeGradients } from '../gradients/take-gradients.js';
import type { Optimizer } from '../optimizers/optimizer.js';
import type { Evaluation, StepRecord } from './run-state.js';

/** Parameters that move by gradients of their own. A network has one player; a generator and its critic are two. */
export interface Player {
  /** Of its part of the losses, where there are several players. */
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly take: TakeGradients;
  /** Learning rate of a step, counted from 1. */
  readonly rate: (step: number) => number;
}

/** When and how a run is evaluated. */
export interface EvaluationPlan<E extends Evaluation> {
  /** Whether there is an evaluation after a step. */
  due(step: number): boolean;
  evaluate(step: number): Promise<E>;
  /** Whether an evaluation is the best so far. It is asked once for each, in order. Default: its loss is the smallest. */
  isBetter?(evaluation: E): boolean;
  /** Whether the run ends with an evaluation, patience or not. */
  isEnd?(evaluation: E): boolean;
  /** The run ends after so many evaluations in a row that are not better. 0: never. */
  readonly patience: number;
  /** Keep the parameters of the best evaluation. */
  readonly keepBest: boolean;
}

/** What is saved on the way. */
export interface CheckpointPlan {
  readonly store: CheckpointStore;
  /** Steps between checkpoints; there is one at the end, too. */
  readonly every: number;
  /** Runs before a checkpoint gets its name; fails when another worker holds the job. */
  fence(): Promise<void>;
}

/** State beside the parameters that steps change, such as a memory bank. */
export interface ExtraState {
  /** By names that no parameter's have. */
  save(): Promise<NamedTensors>;
  restore(saved: NamedTensors): void;
}

/** Hears how a run goes. */
export interface LoopObserver<E extends Evaluation> {
  step?(record: StepRecord): void;
  evaluating?(): void;
  evaluated?(evaluation: E): void;
  /** A checkpoint is passed over. */
  damaged?(name: string): void;
}

/** A run: what moves, for how long, and what is done on the way. */
export interface LoopPlan<E extends Evaluation = Evaluation> {
  /** In the order of their updates within a step. */
  readonly players: readonly [Player, ...Player[]];
  readonly totalSteps: number;
  /** For the records: the epoch of a step, counted from 1, and its tokens. */
  readonly stepsPerEpoch: number;
  tokensOf?(step: number): number;
  /** Whether a parameter is part of the result. Default: all are. */
  isKept?(name: string): boolean;
  /** Runs before a step, counted from 1, to read what it needs. */
  beforeStep?(step: number): Promise<void>;
  /** Runs after the updates of a step. */
  afterStep?(step: number): Promise<void>;
  readonly evaluation?: EvaluationPlan<E> | undefined;
  readonly checkpoints?: CheckpointPlan | undefined;
  readonly extra?: ExtraState | undefined;
  readonly observer?: LoopObserver<E> | undefined;
}
