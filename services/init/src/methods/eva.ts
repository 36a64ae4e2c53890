import type { Definition, init } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import { startByComponents } from '../eva/start-by-components.js';
import type { Start } from '../start.js';

/**
 * EVA. Paischer et al. 2024, arXiv:2410.07170, Algorithm 1: A holds the principal components of a module's inputs, B is zero, and
 * ranks go where the explained variance is. The steps are in `eva/`: incremental PCA, redistribution of ranks, convergence.
 */
export const eva: Definition<init.EvaStart, Start> = {
  summary: "Principal components of the layers' inputs on data, ranks by explained variance",
  paper: 'arXiv:2410.07170',
  deviations:
    'Padding is left out of the inputs; rank-stabilised pairs keep their scale too when their rank changes.',
  create({ data, rho = 2, tau = 0.99, batching, maxBatches }, field) {
    const { batchSize = 32, maxLength = 128 } = batching ?? {};
    if (data === undefined || data.uri === '') {
      throw invalidInput('FIELD_MISSING', `${field}.data.uri`, 'which texts do the activations come from?');
    }
    if (!(rho >= 1 && rho <= 1000)) {
      throw invalidInput('OUT_OF_RANGE', `${field}.rho`, `${rho} is not from 1 to 1000`);
    }
    if (!(tau > 0 && tau <= 1)) {
      throw invalidInput('OUT_OF_RANGE', `${field}.tau`, `${tau} is not above 0 and at most 1`);
    }
    for (const [name, value] of [
      ['batching.batch_size', batchSize],
      ['batching.max_length', maxLength],
      ['max_batches', maxBatches],
    ] as const) {
      if (value === 0) throw invalidInput('OUT_OF_RANGE', `${field}.${name}`, '0 is below 1');
    }
    const isDefaultLength = batching?.maxLength === undefined;
    return startByComponents(field, data, { rho, tau, batchSize, maxLength, isDefaultLength, maxBatches });
  },
};
