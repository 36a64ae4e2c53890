import type { TrainPlan } from '../plan/train-plan.js';
import type { RunState } from './run-state.js';

/** What the worker thread is given. */
export interface TrainingInput {
  readonly plan: TrainPlan;
  /** SHA-256 of the files that the plan names, by role and file name: `train_data/texts.jsonl`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Folder for checkpoints. */
  readonly scratch: string;
}

/** What became of the texts of a data set. */
export interface TextCounts {
  readonly texts: number;
  /** Those that lost their end to `max_length`. */
  readonly cut: number;
  /** Those of a language model that have no next token. */
  readonly unused: number;
}

export interface DataCounts {
  readonly train: TextCounts;
  readonly validation: TextCounts | null;
}

/** What it answers. The weights stay in the checkpoint that `weightsFile` names. */
export interface TrainingOutput {
  readonly state: RunState;
  /** Class names in order; empty for language models. */
  readonly labels: readonly string[];
  readonly counts: DataCounts;
  /** Absolute path: tensors `lora_A/MODULE`, `lora_B/MODULE`, or the weights by their names in the model. */
  readonly weightsFile: string;
  /** Step whose weights were kept. */
  readonly keptStep: number;
  readonly totalSteps: number;
}

/** Call of the worker with its `DataCounts`, once the data are read. */
export const READ_CALL = 'read';

/** Call of the worker that fails once another worker holds the job. */
export const FENCE_CALL = 'fence';
