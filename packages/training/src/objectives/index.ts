import { type Definitions, registry } from '@eigenloom/contracts';
import type { ObjectiveChoice } from '../choice.js';
import { distillation } from './distillation/index.js';
import type { Objective } from './objective.js';
import { tasks } from './tasks.js';

const definitions: Definitions<ObjectiveChoice, Objective> = {
  ...tasks,
  distillation,
};

/** The objectives that a request can choose, in the order of the proto. */
export const OBJECTIVES = registry<ObjectiveChoice, Objective>('objective', definitions);
