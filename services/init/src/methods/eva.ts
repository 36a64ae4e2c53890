import { invalidInput } from '@eigenloom/errors';
import type { ActivationMethod, ParametersOf } from './method.js';

/** Parameters with the paper's values where none are given. */
export interface EvaSettings {
  /** ρ: components kept as a multiple of the rank. */
  readonly rho: number;
  /** τ: cosine from which on a component counts as converged. */
  readonly tau: number;
  readonly batchSize: number;
  readonly maxLength: number;
  /** The request says nothing of it. */
  readonly isDefaultLength: boolean;
  /** 0: twice over the data at most. */
  readonly maxBatches: number;
}

export const evaSettings = (parameters: ParametersOf<'eva'>): EvaSettings => ({
  rho: parameters.rho ?? 2,
  tau: parameters.tau ?? 0.99,
  batchSize: parameters.batchSize === 0 ? 32 : parameters.batchSize,
  maxLength: parameters.maxLength === 0 ? 128 : parameters.maxLength,
  isDefaultLength: parameters.maxLength === 0,
  maxBatches: parameters.maxBatches,
});

/**
 * EVA. Paischer et al. 2024, arXiv:2410.07170, Algorithm 1: A holds the principal components of a module's inputs, B is zero, and
 * ranks go where the explained variance is. The steps are in `eva/`: incremental PCA, redistribution of ranks, convergence.
 * Deviations: padding is left out of the inputs; rank-stabilised pairs keep their scale too when their rank changes.
 */
export const eva: ActivationMethod<'eva'> = {
  id: 'eva',
  summary: "Principal components of the layers' inputs on data, ranks by explained variance",
  paper: 'arXiv:2410.07170',
  scope: 'activations',
  changesBase: false,
  check(parameters) {
    const { rho, tau } = evaSettings(parameters);
    if ((parameters.data?.uri ?? '') === '') {
      throw invalidInput('FIELD_MISSING', 'eva.data.uri', 'which texts do the activations come from?');
    }
    if (!(rho >= 1 && rho <= 1000)) {
      throw invalidInput('OUT_OF_RANGE', 'eva.rho', `${rho} is not from 1 to 1000`);
    }
    if (!(tau > 0 && tau <= 1))
      throw invalidInput('OUT_OF_RANGE', 'eva.tau', `${tau} is not above 0 and at most 1`);
  },
};
