import type { TensorInfo } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { incompatible } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import type { Mixture } from '../methods/mixture-of-experts.js';
import { passthrough } from '../methods/passthrough.js';
import { familyProblems, refuseProblems } from '../plan/find-problems.js';
import { agreeOnHeads } from '../plan/agree-on-heads.js';
import { inputNotes } from '../plan/notes.js';
import { checkInputs } from '../plan/check-inputs.js';
import { DTYPES } from '../plan/data-types.js';
import { openRef } from '../plan/open-ref.js';
import type { MergePlan, PlannedInput, PlannedTensor } from '../plan/planned.js';
import { shardsOf } from '../plan/shards-of.js';
import type { TensorMethod } from '../steps/tensor-method.js';
import { isDenseFamily, mixtureConfig } from './mixture-config.js';

/** Names of an expert's projections in a dense layer and in Mixtral. */
const PROJECTIONS = { gate_proj: 'w1', down_proj: 'w2', up_proj: 'w3' } as const;
const LAYER = /^model\.layers\.(\d+)\./;

/** A mixture before a tensor has been read; the routers are still to be computed. */
export interface MixturePlan extends MergePlan {
  readonly base: PlannedInput;
  /** Names of the routers, by layer: (experts, hidden). */
  readonly routers: readonly string[];
  readonly hiddenSize: number;
  readonly layers: number;
}

/**
 * Plans a mixture; headers are read. Errors: InvalidInput with the field; `INCOMPATIBLE_MODELS`, `UNSUPPORTED_ARCHITECTURE`; those of the
 * files.
 */
export async function planMixture(
  request: merge.MergeRequest,
  method: Mixture,
  context: RequestContext,
): Promise<MixturePlan> {
  checkInputs(request, method);
  const opened: [PlannedInput, ...PlannedInput[]] = [await openRef(request.base, 'base', 'base', context)];
  for (const [index, { model }] of request.models.entries()) {
    opened.push(await openRef(model, `models[${index}].model`, `models[${index}]`, context));
  }
  const [base = opened[0], ...models] = agreeOnHeads(opened);
  const { layers, hiddenSize } = checkDense(base);
  const copied = copiedTensors(base, models, layers, request);
  const routers = Array.from({ length: layers }, (_, layer) => `${blockOf(layer)}.gate.weight`);
  const dtype = copied.find(({ merged }) => merged)?.dtype ?? 'F32';
  const routerPlans = routers.map((name) => ({ name, dtype, shape: [models.length, hiddenSize] }));
  return {
    method,
    mode: 'paper',
    seed: request.seed,
    models,
    base,
    tensors: copied,
    shards: shardsOf([...copied, ...routerPlans], request),
    config: mixtureConfig(base.model.config, models.length, method.expertsPerToken),
    donor: base.model,
    copies: true,
    leftOut: [],
    notes: inputNotes([base, ...models]),
    routers,
    hiddenSize,
    layers,
  };
}

const blockOf = (layer: number): string => `model.layers.${layer}.block_sparse_moe`;

/** Errors: `UNSUPPORTED_ARCHITECTURE` where Mixtral has no place for something that the base has. */
function checkDense({ model }: PlannedInput): { layers: number; hiddenSize: number } {
  const refuse = (why: string): Error => incompatible('UNSUPPORTED_ARCHITECTURE', `base: ${why}`);
  const type = model.config['model_type'];
  if (!isDenseFamily(type)) {
    throw refuse(`model_type ${JSON.stringify(type ?? null)} is neither llama nor mistral`);
  }
  const bias = [...model.tensors.keys()].find((name) => LAYER.test(name) && name.endsWith('.bias'));
  if (bias !== undefined) throw refuse(`Mixtral has no biases, and there is ${JSON.stringify(bias)}`);
  const embedding = model.tensors.get('model.embed_tokens.weight');
  if (embedding === undefined) throw refuse('has no tensor "model.embed_tokens.weight"');
  const layers = Math.max(
    0,
    ...[...model.tensors.keys()].map((name) => Number(LAYER.exec(name)?.[1] ?? -1) + 1),
  );
  return { layers, hiddenSize: embedding.shape[1] ?? 0 };
}

/** Everything but the routers: the base's tensors without its feed-forward layers, and those of the experts. */
function copiedTensors(
  base: PlannedInput,
  models: readonly PlannedInput[],
  layers: number,
  { outputDataType }: merge.MergeRequest,
): PlannedTensor[] {
  const wanted = DTYPES[outputDataType];
  const copy = passthrough.create({}, 'passthrough');
  const planned = (name: string, input: PlannedInput, tensor: TensorInfo): PlannedTensor =>
    copyOf(name, input, tensor, { method: copy, dtype: isFloat(tensor.dtype) ? wanted : undefined });
  const tensors: PlannedTensor[] = [];
  for (const [name, tensor] of base.model.tensors) {
    if (!/\.mlp\./.test(name)) tensors.push(planned(name, base, tensor));
  }
  const problems = new Map<string, string>();
  for (let layer = 0; layer < layers; layer += 1) {
    for (const [expert, input] of models.entries()) {
      for (const [dense, sparse] of Object.entries(PROJECTIONS)) {
        const source = `model.layers.${layer}.mlp.${dense}.weight`;
        const tensor = input.model.tensors.get(source);
        const like = base.model.tensors.get(source);
        if (tensor === undefined || tensor.shape.join() !== like?.shape.join()) {
          const why = `is missing in ${input.label}, or has another shape than in base`;
          problems.set(source, problems.get(source) ?? why);
          continue;
        }
        tensors.push(planned(`${blockOf(layer)}.experts.${expert}.${sparse}.weight`, input, tensor));
      }
    }
  }
  refuseProblems(familyProblems([base, ...models]), problems, [base, ...models]);
  return tensors;
}

function copyOf(
  name: string,
  input: PlannedInput,
  tensor: TensorInfo,
  { method, dtype }: { readonly method: TensorMethod; readonly dtype: PlannedTensor['dtype'] | undefined },
): PlannedTensor {
  return {
    name,
    shape: tensor.shape,
    dtype: dtype ?? tensor.dtype,
    merged: isFloat(tensor.dtype),
    method,
    base: undefined,
    sources: [{ input, tensor, parameters: { weight: 1 } }],
  };
}
