import { type Objective, OBJECTIVES, type OptimizerRule, OPTIMIZERS } from '@eigenloom/training';
import type { TrainPlan } from './train-plan.js';

/** The objective that a plan chooses. */
export const objectiveOf = ({ objective }: Pick<TrainPlan, 'objective'>): Objective =>
  OBJECTIVES.create(objective).method;

/** The optimiser that a plan chooses. */
export const ruleOf = ({ optimizer }: Pick<TrainPlan, 'optimizer'>): OptimizerRule =>
  OPTIMIZERS.create(optimizer.rule).method;
