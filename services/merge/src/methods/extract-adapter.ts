import type { Definition, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkPositive, checkShare } from '../steps/check-number.js';
import { checkUnweighted } from '../steps/check-weights.js';
import type { InputRules, MethodFacts } from '../steps/method-facts.js';

/** An adapter that is made of a model and its base, with its parameters. */
export interface Extraction extends InputRules {
  readonly makes: 'extraction';
  readonly parameters: merge.ExtractAdapter;
}

const FACTS = {
  makes: 'extraction',
  summary: 'Difference between a model and its base as an adapter',
  paper: 'doi:10.1007/BF02288367',
  deviations:
    'The rank may follow from a share of ‖ΔW‖² or a relative error instead of an absolute size of the singular values; ' +
    "only what changed is in the adapter; biases are in full modules, dropped or refused, for PEFT's `lora_bias` is read " +
    'by few; where a small share of the triplets is wanted they come from a randomised decomposition.',
  checked: 'Mergekit-extract-lora 0.1.5, within 1e-5 of the largest value.',
  inputs: { base: 'required', minModels: 1, maxModels: 1 },
} as const;

/**
 * The difference between a fine-tuned model and its base as a LoRA adapter: ΔW ≈ U√S · √SVᵀ, singular triplets of each matrix that
 * changed, in f32. After `mergekit-extract-lora` (arcee-ai/mergekit); the approximation is the best of its rank, Eckart and Young 1936,
 * doi:10.1007/BF02288367.
 */
export const extractAdapter: MethodFacts &
  Definition<merge.ExtractAdapter, Extraction> & { readonly makes: 'extraction' } = {
  ...FACTS,
  create(parameters, field) {
    const { rank, energy, epsilon } = parameters;
    checkPositive(rank, `${field}.rank`);
    checkShare(energy, `${field}.energy`);
    if (epsilon !== undefined && !(epsilon > 0 && epsilon < 1)) {
      throw invalidInput('OUT_OF_RANGE', `${field}.epsilon`, `${epsilon} is not between 0 and 1`);
    }
    return {
      ...FACTS,
      id: field,
      parameters,
      check(models) {
        checkUnweighted(models, 'an extraction has no use for a weight');
      },
    };
  },
};
