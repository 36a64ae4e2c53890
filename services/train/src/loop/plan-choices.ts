import { train } from '@eigenloom/contracts';
import type { Pooling } from '@eigenloom/models';
import { type Objective, OBJECTIVES, type OptimizerRule, OPTIMIZERS } from '@eigenloom/training';
import type { TrainPlan } from '../plan/train-plan.js';

const POOLINGS: Readonly<Record<Pooling, train.Pooling>> = {
  mean: train.Pooling.MEAN,
  first: train.Pooling.FIRST,
  last: train.Pooling.LAST,
};

/** The objective that a plan chooses. */
export function objectiveOf({ objective }: TrainPlan): Objective {
  switch (objective.kind) {
    case 'sequence_classification': {
      const pooling = objective.pooling === null ? train.Pooling.UNSPECIFIED : POOLINGS[objective.pooling];
      const value = { labels: [...objective.labels], pooling };
      return OBJECTIVES.create({ $case: 'sequenceClassification', value }).method;
    }
    case 'causal_language_modeling':
      return OBJECTIVES.create({ $case: 'causalLanguageModeling', value: {} }).method;
  }
}

/** The optimiser that a plan chooses. */
export const ruleOf = ({ optimizer: value }: TrainPlan): OptimizerRule =>
  OPTIMIZERS.create({ $case: 'adamw', value }).method;
