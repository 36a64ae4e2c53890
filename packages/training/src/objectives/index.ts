import { type Definitions, registry } from '@eigenloom/contracts';
import type { ObjectiveChoice } from '../choice.js';
import { causalLanguageModeling } from './causal-language-modeling.js';
import { imageClassification } from './image-classification.js';
import type { Objective } from './objective.js';
import { sequenceClassification } from './sequence-classification.js';

const definitions: Definitions<ObjectiveChoice, Objective> = {
  sequenceClassification,
  causalLanguageModeling,
  imageClassification,
};

/** The objectives that a request can choose, in the order of the proto. */
export const OBJECTIVES = registry<ObjectiveChoice, Objective>('objective', definitions);
