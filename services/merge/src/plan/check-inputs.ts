import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';

import { checkFinite, checkFraction, checkNotNegative } from '../steps/check-number.js';
import type { InputRules, ModelParameters } from '../steps/method-facts.js';

const MAX_MODELS = 256;

/** Checks the number of the models and their parameters. Errors: InvalidInput with the field. */
export function checkInputs(request: merge.MergeRequest, method: InputRules): void {
  const { minModels, maxModels, base } = method.inputs;
  if (request.models.length < minModels) {
    throw invalidInput('FIELD_MISSING', 'models', `${method.id} needs ${minModels} or more`);
  }
  if (maxModels !== undefined && request.models.length > maxModels) {
    throw invalidInput(
      'OUT_OF_RANGE',
      'models',
      `${method.id} takes ${maxModels}, not ${request.models.length}`,
    );
  }
  if (request.models.length > MAX_MODELS) {
    throw invalidInput('OUT_OF_RANGE', 'models', `${request.models.length} are more than ${MAX_MODELS}`);
  }
  if (base === 'required' && request.base === undefined) {
    throw invalidInput(
      'FIELD_MISSING',
      'base',
      `${method.id} needs the model that the others were fine-tuned from`,
    );
  }
  for (const [index, { weight, density, ...others }] of request.models.entries()) {
    checkFinite(weight, `models[${index}].weight`);
    checkFraction(density, `models[${index}].density`);
    checkNotNegative(others.epsilon, `models[${index}].epsilon`);
    checkFraction(others.gamma, `models[${index}].gamma`);
    checkFinite(others.scale, `models[${index}].scale`);
  }
  method.check(request.models.map(parametersOf));
}

/** What belongs to one model of a request. */
export const parametersOf = (input: merge.MergeInput | undefined): ModelParameters => ({
  weight: input?.weight ?? 1,
  density: input?.density,
  epsilon: input?.epsilon,
  gamma: input?.gamma,
  scale: input?.scale,
});
