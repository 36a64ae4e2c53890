import { common, type merge } from '@eigenloom/contracts';
import { internal, invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';

import { mergekitStages } from '../mergekit/stages.js';
import { planRecipe } from '../plan/plan-recipe.js';
import { inputsOf, type MergePlan, type ReadInput } from '../plan/planned.js';
import type { Stages } from '../plan/stages.js';
import type { TensorMethod } from '../steps/tensor-method.js';

/** The merges of a request: one, or those of a configuration of mergekit, which names its methods itself. Errors: InvalidInput with the field. */
export function stagesOf(
  request: merge.MergeRequest,
  method: TensorMethod | undefined,
  context: RequestContext,
): Stages {
  if (request.mergekit !== undefined) {
    refuseBoth(request);
    return mergekitStages(request.mergekit.config, request, context);
  }
  if (method === undefined) throw internal('NO_METHOD', 'a recipe without a method');
  let inputs: readonly ReadInput[] = [];
  const plan = async (): Promise<MergePlan> => {
    const planned = await planRecipe(request, method, context);
    inputs = inputsOf(planned);
    return planned;
  };
  return { stages: [{ name: '', needs: new Set(), plan }], inputs: () => inputs };
}

function refuseBoth({ models, base, method, outputDataType }: merge.MergeRequest): void {
  const given = {
    models: models.length > 0,
    base,
    method: method?.kind,
    output_data_type: outputDataType !== common.DataType.UNSPECIFIED,
  };
  for (const [field, value] of Object.entries(given)) {
    if (value !== undefined && value !== false) {
      throw invalidInput(
        'ONEOF_CONFLICT',
        field,
        'must be empty beside mergekit, whose configuration says it',
      );
    }
  }
}
