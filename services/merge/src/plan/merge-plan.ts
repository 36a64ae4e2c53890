import { type Model, type ShardPlan, openModel, planShards } from '@eigenloom/checkpoint';
import { common, merge } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import { checkFinite, checkFraction, checkNotNegative, checkShare } from '../methods/check-number.js';
import { type BoundMethod, boundMethod } from '../methods/index.js';
import type { ModelParameters, TensorContext } from '../methods/method.js';
import { type PairedTensor, pairTensors } from './pair-tensors.js';

/** Where a model is, once resolved. */
export interface ModelPaths {
  readonly path: string;
  readonly adapters: readonly string[];
}

/** A model of the request with where it is. */
export interface OpenedModel extends ModelPaths {
  readonly model: Model;
}

/** One of the models to merge. */
export interface PlannedModel extends OpenedModel {
  readonly parameters: ModelParameters;
}

/** A request with its models open and its tensors paired. Only headers have been read. */
export interface MergePlan {
  readonly method: BoundMethod;
  readonly mode: TensorContext['mode'];
  /** Seed of every random number. */
  readonly seed: bigint;
  readonly models: readonly PlannedModel[];
  readonly base: OpenedModel | undefined;
  readonly tensors: readonly PairedTensor[];
  readonly leftOut: readonly string[];
  readonly shards: ShardPlan;
}

/** Whose config, tokenizer and other files the result has. */
export const donorOf = ({ base, models }: Pick<MergePlan, 'base' | 'models'>): Model | undefined =>
  (base ?? models[0])?.model;

const MAX_MODELS = 256;

const DTYPES: Readonly<Partial<Record<common.DataType, Dtype>>> = {
  [common.DataType.F32]: 'F32',
  [common.DataType.F16]: 'F16',
  [common.DataType.BF16]: 'BF16',
  [common.DataType.F64]: 'F64',
};

/** Checks a request and opens what it names. Errors: InvalidInput with the field; `INCOMPATIBLE_MODELS`; those of the files. */
export async function planMerge(request: merge.MergeRequest, context: RequestContext): Promise<MergePlan> {
  const method = boundMethod(request);
  checkInputs(request, method);
  const models: PlannedModel[] = [];
  for (const [index, input] of request.models.entries()) {
    const opened = await openRef(input.model, `models[${index}].model`, context);
    models.push({ ...opened, parameters: parametersOf(input) });
  }
  const base = request.base === undefined ? undefined : await openRef(request.base, 'base', context);
  checkFamilies(models, base?.model);
  const opened = models.map(({ model }) => model);
  const { tensors, leftOut } = pairTensors(opened, base?.model, method.inputs.base === 'required');
  const wanted = DTYPES[request.outputDataType];
  const plans = tensors.map(({ name, shape, merged, models: inputs, base: reference }) => {
    const kept = (reference ?? inputs[0])?.dtype ?? 'F32';
    return { name, shape, dtype: merged ? (wanted ?? kept) : kept };
  });
  const limit = request.maxShardBytes === 0n ? undefined : Number(request.maxShardBytes);
  return {
    method,
    mode: request.mode === merge.MergeMode.MERGEKIT ? 'mergekit' : 'paper',
    seed: request.seed,
    models,
    base,
    tensors,
    leftOut,
    shards: planShards(plans, limit),
  };
}

const parametersOf = ({ weight = 1, density, epsilon, gamma, scale }: merge.MergeInput): ModelParameters => ({
  weight,
  density,
  epsilon,
  gamma,
  scale,
});

function checkInputs(request: merge.MergeRequest, method: BoundMethod): void {
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
  for (const [index, { weight, density, epsilon, gamma, scale }] of request.models.entries()) {
    checkFinite(weight, `models[${index}].weight`);
    checkShare(density, `models[${index}].density`);
    checkNotNegative(epsilon, `models[${index}].epsilon`);
    checkFraction(gamma, `models[${index}].gamma`);
    checkFinite(scale, `models[${index}].scale`);
  }
  method.check(request.models.map(parametersOf));
}

async function openRef(
  ref: common.ModelRef | undefined,
  field: string,
  context: RequestContext,
): Promise<OpenedModel> {
  if (ref === undefined) throw invalidInput('FIELD_MISSING', field, 'which model?');
  const path = await context.resolve(ref.uri, `${field}.uri`);
  const adapters: string[] = [];
  for (const [index, uri] of ref.adapters.entries()) {
    adapters.push(await context.resolve(uri, `${field}.adapters[${index}]`));
  }
  return { path, adapters, model: await openModel(path, { adapters, signal: context.signal }) };
}

/** Models of different families, or one with tied and one with untied embeddings, do not fit whatever their shapes. */
function checkFamilies(models: readonly PlannedModel[], base: Model | undefined): void {
  const opened = [...(base === undefined ? [] : [['base', base] as const]), ...models.map(named)];
  for (const key of ['model_type', 'tie_word_embeddings']) {
    const stated = opened.filter(([, { config }]) => config[key] !== undefined);
    const [first, ...others] = stated;
    const other = others.find(([, { config }]) => config[key] !== first?.[1].config[key]);
    if (first === undefined || other === undefined) continue;
    const value = (model: Model): string => JSON.stringify(model.config[key]).slice(0, 60);
    throw incompatible(
      'INCOMPATIBLE_MODELS',
      `${key} is ${value(first[1])} in ${first[0]} and ${value(other[1])} in ${other[0]}`,
    );
  }
}

const named = ({ model }: PlannedModel, index: number): readonly [string, Model] => [
  `models[${index}]`,
  model,
];
