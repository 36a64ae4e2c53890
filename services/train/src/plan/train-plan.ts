import type { BackendName } from '@eigenloom/engine';
import type { Pooling } from '@eigenloom/models';

/** A data file with everything decided. */
export interface DataPlan {
  readonly path: string;
  readonly textField: string;
  readonly labelField: string;
  /** 0: all. */
  readonly limit: number;
}

export type MethodPlan =
  | {
      readonly kind: 'lora';
      readonly adapterPath: string;
      /** Model that lies under the adapter instead of the base, when the adapter's start changed the base. */
      readonly residualPath: string | null;
      readonly dropout: number;
    }
  | { readonly kind: 'full' };

export type ObjectivePlan =
  | {
      readonly kind: 'sequence_classification';
      /** Empty: the sorted classes of the training data. */
      readonly labels: readonly string[];
      /** null: what the architecture does. */
      readonly pooling: Pooling | null;
    }
  | { readonly kind: 'causal_language_modeling' };

export interface OptimizerPlan {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 0: no clipping. */
  readonly maxGradientNorm: number;
}

export interface SchedulePlan {
  readonly kind: 'linear' | 'cosine' | 'constant';
  readonly warmupSteps: number;
}

/** A request with its defaults filled in and its URIs as local paths: plain data, so that it can cross to a worker thread. */
export interface TrainPlan {
  readonly seed: bigint;
  readonly modelPath: string;
  /** Adapters folded into the model before training. */
  readonly foldedAdapterPaths: readonly string[];
  readonly trainData: DataPlan;
  readonly validationData: DataPlan | null;
  readonly method: MethodPlan;
  readonly objective: ObjectivePlan;
  readonly optimizer: OptimizerPlan;
  readonly schedule: SchedulePlan;
  readonly batchSize: number;
  readonly maxLength: number;
  /** 0: `epochs` decides. */
  readonly maxSteps: number;
  readonly epochs: number;
  /** 0: at the end of each epoch. */
  readonly evalSteps: number;
  /** 0: never. */
  readonly earlyStoppingPatience: number;
  readonly keepBest: boolean;
  readonly checkpointSteps: number;
  readonly backend: BackendName;
}
