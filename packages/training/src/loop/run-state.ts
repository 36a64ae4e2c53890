/** What an evaluation finds. */
export interface Evaluation {
  /** Of two evaluations the one with the smaller loss is better, unless the loop is told otherwise. */
  readonly loss: number;
  /** By name, for example `accuracy`. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** An evaluation on the validation data after `step` steps. */
export interface EvaluationRecord extends Evaluation {
  readonly step: number;
}

/** One step, as the training log has it. Nothing here depends on the machine or the hour. */
export interface StepRecord {
  /** From 1. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** The parts of the loss by name, before their weights, where it has several. */
  readonly losses?: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokens: number;
}

/**
 * Where a run stands besides its tensors. The order of the data, the dropout masks and the learning rate follow from the step
 * and the seed, so the step is also their state.
 */
export interface RunState {
  /** Steps taken. */
  step: number;
  /** No more steps follow. */
  finished: boolean;
  /** Step of the best evaluation; −1 before the first. */
  bestStep: number;
  bestLoss: number;
  /** Evaluations since then. */
  evaluationsSinceBest: number;
  readonly evaluations: EvaluationRecord[];
  readonly steps: StepRecord[];
}

export const newRunState = (): RunState => ({
  step: 0,
  finished: false,
  bestStep: -1,
  // JSON has no infinity.
  bestLoss: Number.MAX_VALUE,
  evaluationsSinceBest: 0,
  evaluations: [],
  steps: [],
});
