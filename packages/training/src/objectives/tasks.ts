import { type Registry, registry } from '@eigenloom/contracts';
import type { ObjectiveChoice } from '../choice.js';
import { causalLanguageModeling } from './causal-language-modeling.js';
import { imageClassification } from './image-classification.js';
import type { Objective } from './objective.js';
import { sequenceClassification } from './sequence-classification.js';

/** The objectives that are made of no other objective. */
export const tasks = {
  sequenceClassification,
  causalLanguageModeling,
  imageClassification,
};

/** What an objective can be that another one adds to. */
export type TaskChoice = Extract<ObjectiveChoice, { readonly $case: keyof typeof tasks }>;

export const TASKS: Registry<TaskChoice, Objective> = registry<TaskChoice, Objective>('objective', tasks);
