import type { ObjectiveName } from './coefficient-loss.js';
import type { RuleName } from './coefficient-rule.js';
import type { KeepSettings } from './keep-best.js';

/** Of AdamW on the numbers that coefficients follow from. */
export interface OptimizerSettings {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** 0: no clipping. */
  readonly maxGradientNorm: number;
}

/** How coefficients are learned. */
export interface LearnSettings {
  readonly rule: RuleName;
  /** One set of coefficients for all tensors. */
  readonly shared: boolean;
  /** What every learned number starts from. */
  readonly initial: number;
  readonly objective: ObjectiveName;
  /** A factor of the scores is learned, too. */
  readonly logitScale: boolean;
  readonly optimizer: OptimizerSettings;
  /** The learning rate falls to 0 along half a cosine. */
  readonly cosine: boolean;
  /** p of the penalty; 0: none. */
  readonly penaltyNorm: number;
  readonly epochs: number;
  /** Ends the search within an epoch; 0: the epochs decide. */
  readonly maxSteps: number;
  readonly keep: KeepSettings;
  /** Each model alone is tried on the first task. */
  readonly scoreModels: boolean;
}
