import type { DataCounts, EvaluationRecord, StepRecord } from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';

/** What the worker thread is given. */
export interface TrainingInput {
  readonly plan: TrainPlan;
  /** SHA-256 of the files that the plan names, by role and file name: `train_data/texts.jsonl`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Folder for checkpoints. */
  readonly scratch: string;
}

/** Where a run ended. */
export interface TrainedState {
  /** Steps taken. */
  readonly step: number;
  readonly evaluations: readonly EvaluationRecord[];
  readonly steps: readonly StepRecord[];
}

/** What it answers. The weights stay in the checkpoint that `weightsFile` names. */
export interface TrainingOutput {
  readonly state: TrainedState;
  /** Class names in order; empty for language models. */
  readonly labels: readonly string[];
  readonly counts: DataCounts;
  /** Absolute path: tensors `lora_A/MODULE`, `lora_B/MODULE`, or the weights by their names in the model. */
  readonly weightsFile: string;
  /** Step whose weights were kept. */
  readonly keptStep: number;
  readonly totalSteps: number;
  /** State of the optimisers of all players. */
  readonly optimizerBytes: number;
}

/** Call of the worker with its `DataCounts`, once the data are read. */
export const READ_CALL = 'read';

/** Call of the worker that fails once another worker holds the job. */
export const FENCE_CALL = 'fence';
