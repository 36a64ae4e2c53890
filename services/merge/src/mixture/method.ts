import { merge } from '@eigenloom/contracts';
import type { common } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import type { ModelParameters, ParametersOf } from '../methods/method.js';

export const DEFAULT_EXPERTS_PER_TOKEN = 2;

/**
 * A sparse mixture in the form of Mixtral (Jiang et al. 2024, arXiv:2401.04088) of dense Llama or Mistral models: the feed-forward
 * layers of the models are the experts, everything else is the base's, and a router's row is the direction of the hidden states of
 * an expert's prompts. After mergekit-moe (arcee-ai/mergekit). Deviations: padding does not enter the averages of `hidden_average`, and
 * the states are computed in f32; a sliding window of the base stays; random routers are keyed by the seed; the files are in the
 * published layout of Mixtral, one tensor for each expert and projection.
 * Checked: mergekit-moe 0.1.5: tensors equal, routers within 2e-5; logits in transformers.
 */
export const mixtureMethod: common.Method & { readonly id: 'mixture_of_experts' } = {
  id: 'mixture_of_experts',
  summary: 'Dense models as the experts of one Mixtral',
  paper: 'arXiv:2401.04088',
};

/** How many models a mixture takes, and what its parameters may be. */
export const mixtureRules = (parameters: ParametersOf<'mixtureOfExperts'>) =>
  ({
    id: mixtureMethod.id,
    inputs: { base: 'required', minModels: 2 },
    check(models: readonly ModelParameters[]): void {
      if (models.some(({ weight }) => weight !== 1)) {
        throw invalidInput('OUT_OF_RANGE', 'models.weight', 'the router weighs the experts');
      }
      const perToken = parameters.expertsPerToken || DEFAULT_EXPERTS_PER_TOKEN;
      if (perToken > models.length) {
        throw invalidInput(
          'OUT_OF_RANGE',
          'mixture_of_experts.experts_per_token',
          `${perToken} is more than the ${models.length} experts`,
        );
      }
      checkPrompts(parameters, models.length);
    },
  }) as const;

function checkPrompts({ gateMode, prompts }: ParametersOf<'mixtureOfExperts'>, experts: number): void {
  const known = [
    merge.GateMode.RANDOM,
    merge.GateMode.CHEAP_EMBED,
    merge.GateMode.HIDDEN_LAST,
    merge.GateMode.HIDDEN_AVERAGE,
  ];
  if (!known.includes(gateMode)) {
    throw invalidInput('FIELD_MISSING', 'mixture_of_experts.gate_mode', 'how are the routers made?');
  }
  const field = 'mixture_of_experts.prompts';
  if (gateMode === merge.GateMode.RANDOM) {
    if (prompts.length > 0)
      throw invalidInput('NOT_APPLICABLE', field, 'random routers have no use for them');
    return;
  }
  if (prompts.length !== experts) {
    throw invalidInput('OUT_OF_RANGE', field, `${prompts.length} sets of prompts for ${experts} experts`);
  }
  const empty = prompts.findIndex(({ positive }) => positive.length === 0);
  if (empty >= 0)
    throw invalidInput('FIELD_MISSING', `${field}[${empty}].positive`, 'at least one is needed');
  const texts = new Set(prompts.map(({ positive, negative }) => JSON.stringify([positive, negative])));
  if (texts.size === 1) {
    throw invalidInput(
      'OUT_OF_RANGE',
      field,
      'are the same for all experts, so nothing would tell them apart',
    );
  }
}
