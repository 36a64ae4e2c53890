import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { modelMethod } from '../prepare/model-method.js';
import { taskMaskPreparer } from '../prepare/task-mask.js';
import { weightsOf } from '../steps/method-facts.js';

/**
 * The way back from a merged model to that of one task: θ₀ + r · mask ∘ (θ − θ₀), with the mask and the rescaler r of a file that `emr`
 * (arXiv:2405.17461) or `tall_mask` (arXiv:2405.07813) wrote beside the merged model θ; the weight of the model is a factor of r. Only
 * as exact as θ is stored: with bf16 θ − θ₀ has lost bits.
 */
export const taskMask = modelMethod<merge.TaskMask>({
  summary: 'Reads the model of one task out of a merged model by its mask',
  paper: 'arXiv:2405.17461',
  deviations: '',
  checked: 'Models of the tasks that `emr` and `tall_mask` were given, read back.',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
  symmetric: true,
  create({ maskUri }, field) {
    if (maskUri === '') throw invalidInput('FIELD_MISSING', `${field}.mask_uri`, 'which mask?');
    return {
      preparer: taskMaskPreparer(maskUri, field),
      mergeTensor({ models }) {
        const weights = weightsOf(models);
        return [
          { step: 'delta' },
          { step: 'apply_mask' },
          { step: 'weigh', weights },
          { step: 'sum', divisor: 'one', weights },
          { step: 'add_base' },
        ];
      },
    };
  },
});
