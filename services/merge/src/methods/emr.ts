import { defineMergeMethod } from './method.js';

/**
 * The unified vector of EMR-Merging: each element has the sign of the sum of the task vectors and the largest magnitude among those that
 * have this sign. Huang et al. 2024, arXiv:2405.17461. The weights of the models are not used.
 * Deviation: a sum of zero counts as positive, in the authors' code as negative.
 */
export const emr = defineMergeMethod({
  case: 'emr',
  id: 'emr',
  summary: 'Elects a sign for each element and takes the largest change that has it',
  paper: 'arXiv:2405.17461',
  inputs: { base: 'required', minModels: 1 },
  symmetric: true,
  check() {
    // No parameters.
  },
  mergeTensor: () => [{ step: 'delta' }, { step: 'elect_sign' }, { step: 'largest' }, { step: 'add_base' }],
});
