import type { Definition, ParametersOf } from '@eigenloom/contracts';
import type { ObjectiveChoice } from '../choice.js';
import { classifier } from './classification/classifier.js';
import type { Objective } from './objective.js';

/** Cross-entropy of a linear head on the pooled hidden states of an image. PEFT has no task type for images. */
export const imageClassification: Definition<
  ParametersOf<ObjectiveChoice, 'imageClassification'>,
  Objective
> = {
  summary: 'Cross-entropy of a linear head on the pooled hidden states of an image',
  paper: 'arXiv:2010.11929',
  deviations: 'Images are not augmented; dropout is that of the adapter alone.',
  create: (parameters, field) => classifier(parameters, field, { input: 'pixels', taskTypes: ['', ''] }),
};
