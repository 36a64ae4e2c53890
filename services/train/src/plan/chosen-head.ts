import { classifierHead, type ClassifierHead, type NetworkPlan } from '@eigenloom/models';
import type { TrainPlan } from './train-plan.js';

/** The head of a plan's objective on a network; null for language models. */
export function chosenHead({ objective }: TrainPlan, { family }: NetworkPlan): ClassifierHead | null {
  return objective.kind === 'sequence_classification'
    ? classifierHead(family, objective.pooling ?? family.defaultPooling)
    : null;
}
