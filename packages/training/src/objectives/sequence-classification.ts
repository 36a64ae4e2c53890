import type { Definition, ParametersOf } from '@eigenloom/contracts';
import type { ObjectiveChoice } from '../choice.js';
import { classifier } from './classification/classifier.js';
import type { Objective } from './objective.js';

/** Cross-entropy of a linear head on the pooled hidden states. */
export const sequenceClassification: Definition<
  ParametersOf<ObjectiveChoice, 'sequenceClassification'>,
  Objective
> = {
  summary: 'Cross-entropy of a linear head on the pooled hidden states',
  paper: 'arXiv:1810.04805',
  deviations:
    'Hidden states are pooled as the family does, or as asked for; the paper reads the first token.',
  create: (parameters, field) =>
    classifier(parameters, field, { input: 'tokens', taskTypes: ['SEQ_CLS', 'FEATURE_EXTRACTION'] }),
};
