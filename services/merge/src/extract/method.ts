import type { common } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkShare } from '../methods/check-number.js';
import type { ModelParameters, ParametersOf } from '../methods/method.js';

const DEFAULT_RANK = 128;

/**
 * The difference between a fine-tuned model and its base as a LoRA adapter: ΔW ≈ U√S · √SVᵀ, singular triplets of each matrix that
 * changed, in f32. After `mergekit-extract-lora` (arcee-ai/mergekit); the approximation is the best of its rank, Eckart and Young 1936,
 * doi:10.1007/BF02288367. Deviations from mergekit: the rank may follow from a share of ‖ΔW‖² or a relative error instead of an absolute
 * size of the singular values; only what changed is in the adapter; biases are in full modules, dropped or refused, for PEFT's
 * `lora_bias` is read by few; where a small share of the triplets is wanted they come from a randomised decomposition.
 * Checked: mergekit-extract-lora 0.1.5, within 1e-5 of the largest value.
 */
export const extractAdapterMethod: common.Method & { readonly id: 'extract_adapter' } = {
  id: 'extract_adapter',
  summary: 'Difference between a model and its base as an adapter',
  paper: 'doi:10.1007/BF02288367',
};

/** How many models the extraction takes, and what its parameters may be. */
export const extractRules = ({ energy, epsilon }: ParametersOf<'extractAdapter'>) =>
  ({
    id: extractAdapterMethod.id,
    inputs: { base: 'required', minModels: 1, maxModels: 1 },
    check(models: readonly ModelParameters[]): void {
      checkShare(energy, 'extract_adapter.energy');
      if (epsilon !== undefined && !(epsilon > 0 && epsilon < 1)) {
        throw invalidInput('OUT_OF_RANGE', 'extract_adapter.epsilon', `${epsilon} is not between 0 and 1`);
      }
      if (models.some(({ weight }) => weight !== 1)) {
        throw invalidInput('OUT_OF_RANGE', 'models.weight', 'an extraction has no use for a weight');
      }
    },
  }) as const;

/** Largest rank that a request allows in a matrix. */
export function mostRank(
  { rank, energy, epsilon }: ParametersOf<'extractAdapter'>,
  rows: number,
  columns: number,
): number {
  const wanted = rank || (energy === undefined && epsilon === undefined ? DEFAULT_RANK : Infinity);
  return Math.min(wanted, rows, columns);
}
