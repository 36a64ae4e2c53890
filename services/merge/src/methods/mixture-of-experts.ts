import { type Definition, merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkPositive } from '../steps/check-number.js';
import { checkUnweighted } from '../steps/check-weights.js';
import type { InputRules, MethodFacts } from '../steps/method-facts.js';

/** A mixture of experts that is made of models, with its parameters. */
export interface Mixture extends InputRules {
  readonly makes: 'mixture';
  readonly gateMode: merge.GateMode;
  /** Of the experts, in order; empty for random routers. */
  readonly prompts: readonly merge.ExpertPrompts[];
  readonly expertsPerToken: number;
}

const FACTS = {
  makes: 'mixture',
  summary: 'Dense models as the experts of one Mixtral',
  paper: 'arXiv:2401.04088',
  deviations:
    'Padding does not enter the averages of `hidden_average`, and the states are computed in f32; a sliding window of the ' +
    'base stays; random routers are keyed by the seed; the files are in the published layout of Mixtral, one tensor for each ' +
    'expert and projection.',
  checked: 'Mergekit-moe 0.1.5: tensors equal, routers within 2e-5; logits in transformers.',
  inputs: { base: 'required', minModels: 2 },
} as const;

/**
 * A sparse mixture in the form of Mixtral (Jiang et al. 2024, arXiv:2401.04088) of dense Llama or Mistral models: the feed-forward
 * layers of the models are the experts, everything else is the base's, and a router's row is the direction of the hidden states of
 * an expert's prompts. After mergekit-moe (arcee-ai/mergekit).
 */
export const mixtureOfExperts: MethodFacts &
  Definition<merge.MixtureOfExperts, Mixture> & { readonly makes: 'mixture' } = {
  ...FACTS,
  create(parameters, field) {
    const { gateMode, prompts, expertsPerToken = 2 } = parameters;
    checkPositive(expertsPerToken, `${field}.experts_per_token`);
    return {
      ...FACTS,
      ...{ id: field, gateMode, prompts, expertsPerToken },
      check(models) {
        checkUnweighted(models, 'the router weighs the experts');
        if (expertsPerToken > models.length) {
          const why = `${expertsPerToken} is more than the ${models.length} experts`;
          throw invalidInput('OUT_OF_RANGE', `${field}.experts_per_token`, why);
        }
        checkPrompts(parameters, models.length, field);
      },
    };
  },
};

function checkPrompts({ gateMode, prompts }: merge.MixtureOfExperts, experts: number, method: string): void {
  const known = [
    merge.GateMode.RANDOM,
    merge.GateMode.CHEAP_EMBED,
    merge.GateMode.HIDDEN_LAST,
    merge.GateMode.HIDDEN_AVERAGE,
  ];
  if (!known.includes(gateMode)) {
    throw invalidInput('FIELD_MISSING', `${method}.gate_mode`, 'how are the routers made?');
  }
  const field = `${method}.prompts`;
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
