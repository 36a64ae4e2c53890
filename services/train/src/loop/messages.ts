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

/** What it answers. The weights stay in the checkpoint that `weightsFile` names. */
export interface TrainingOutput {
  readonly state: RunState;
  /** Class names in order; empty for language models. */
  readonly labels: readonly string[];
  /** Absolute path: tensors `lora_A/MODULE`, `lora_B/MODULE`, or the weights by their names in the model. */
  readonly weightsFile: string;
  /** Step whose weights were kept. */
  readonly keptStep: number;
  readonly totalSteps: number;
}

/** Call of the worker that fails once another worker holds the job. */
export const FENCE_CALL = 'fence';
