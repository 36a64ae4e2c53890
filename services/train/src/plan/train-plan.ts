import type { BackendName, FrozenFormat, Precision } from '@eigenloom/engine';
import type { DataSource } from '@eigenloom/models';
import type { ObjectiveChoice, OptimizerChoice } from '@eigenloom/training';

export type MethodPlan =
  | {
      readonly kind: 'adapter';
      readonly adapterPath: string;
      /** Model that lies under the adapter instead of the base, when the adapter's start changed the base. */
      readonly residualPath: string | null;
      readonly dropout: number;
    }
  | { readonly kind: 'full' };

/** A model and the adapters that are folded into it, as local paths. */
export interface ModelPaths {
  readonly path: string;
  readonly adapterPaths: readonly string[];
}

export interface OptimizerPlan {
  readonly rule: OptimizerChoice;
  /** At the peak. */
  readonly learningRate: number;
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
  readonly trainData: DataSource;
  readonly validationData: DataSource | null;
  readonly method: MethodPlan;
  readonly objective: ObjectiveChoice;
  /** Models of the objective, such as a teacher, by role. */
  readonly models: Readonly<Record<string, ModelPaths>>;
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
  readonly precision: Precision;
  /** Layers are computed again for their gradient. */
  readonly activationCheckpointing: boolean;
  /** How matrices that are not trained are held. */
  readonly frozenWeights: FrozenFormat;
}
