import type { merge } from '@eigenloom/contracts';

import { graftPreparer } from '../prepare/graft/graft.js';
import { modelMethod } from '../prepare/model-method.js';
import { searchSettings } from '../prepare/search/search-settings.js';
import { checkPositive, checkShare } from '../steps/check-number.js';
import { checkUnweighted } from '../steps/check-weights.js';

/**
 * Grafting: θ_pre + γ⊙(θ_ft − θ_pre) with a sparse γ of zeros and ones, γ = b + (1 − 2b)⊙σ(S − 10) rounded, b the elements that moved
 * furthest, S learned by gradient descent on the task. Panigrahi et al. 2023, arXiv:2302.06600; settings as in the authors' program
 * (abhishekpanigrahi1996/Skill-Localization-by-grafting, graft_trainer.py): rate 1e7, mean gradient of several batches, 10 steps, the
 * rounded mask with the best sum of training and validation accuracy.
 */
export const graft = modelMethod<merge.GraftMerge>({
  summary: 'Puts the few elements that carry the skill of a fine-tuned model on the base',
  paper: 'arXiv:2302.06600',
  deviations:
    'S starts at 0 instead of at random in [0, 1), and the mask that it starts from counts, too; of ' +
    "equally accurate masks the one with the lower loss is kept; the model's own head is used before and " +
    'after; embeddings are grafted like other tensors. Of the base the result has every tensor that the ' +
    'loss does not depend on. Weights of the request are not used.',
  checked: 'A sparse change made for it is recovered to the bit.',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
  symmetric: true,
  create({ sparsity = 0.01, batchesPerStep = 8, validation, ...parameters }, field) {
    checkShare(sparsity, `${field}.sparsity`);
    checkPositive(batchesPerStep, `${field}.batches_per_step`);
    const settings = searchSettings(parameters, field, ['steps', 'learningRate']);
    return {
      check(models) {
        checkUnweighted(models, `${field} finds the weights itself`);
      },
      preparer: graftPreparer({ sparsity, batchesPerStep, validation }, settings, field),
      // Without a mask all elements are taken.
      mergeTensor: ({ statistics }) => [
        statistics ? { step: 'select' } : { step: 'sum', divisor: 'one', weights: [1] },
      ],
    };
  },
});
