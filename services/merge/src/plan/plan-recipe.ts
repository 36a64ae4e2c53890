import { type TensorInfo, findTensor } from '@eigenloom/checkpoint';
import { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { Dtype } from '@eigenloom/numeric';
import type { RequestContext } from '@eigenloom/runtime';

import { largeMatrixNotes } from '../steps/task-matrices.js';
import type { TensorMethod } from '../steps/tensor-method.js';
import { agreeOnHeads } from './agree-on-heads.js';
import { checkInputs, parametersOf } from './check-inputs.js';
import { DTYPES } from './data-types.js';
import { type Problems, familyProblems, refuseProblems } from './find-problems.js';
import { mergedConfig } from './merged-config.js';
import { bufferNotes, inputNotes } from './notes.js';
import { openRef } from './open-ref.js';
import { type PairedTensor, type Part, pairTensors } from './pair-tensors.js';
import type { MergePlan, PlannedInput, PlannedTensor } from './planned.js';
import { shardsOf } from './shards-of.js';

/**
 * Plans a request that names its models and its method: one set of parameters for all tensors. Errors: InvalidInput with the field;
 * `INCOMPATIBLE_MODELS`; those of the files.
 */
export async function planRecipe(
  request: merge.MergeRequest,
  method: TensorMethod,
  context: RequestContext,
): Promise<MergePlan> {
  checkInputs(request, method);
  const opened: PlannedInput[] = [];
  for (const [index, input] of request.models.entries()) {
    opened.push(await openRef(input.model, `models[${index}].model`, `models[${index}]`, context));
  }
  const reference =
    request.base === undefined ? undefined : await openRef(request.base, 'base', 'base', context);
  const inputs = agreeOnHeads(reference === undefined ? opened : [reference, ...opened]);
  const base = reference === undefined ? undefined : inputs[0];
  const models = base === undefined ? inputs : inputs.slice(1);
  const { leader, pairs, leftOut, problems, buffers } = pairAll(
    models,
    base,
    method.inputs.base === 'required',
  );
  refuseProblems(familyProblems(inputs), problems, inputs);
  const wanted = DTYPES[request.outputDataType];
  const tensors = pairs.map((pair) => plannedTensor(pair, { leader, models, base, method, wanted, request }));
  const donor = base ?? models[0];
  if (donor === undefined) throw invalidInput('FIELD_MISSING', 'models', 'which models?');
  return {
    method,
    mode: request.mode === merge.MergeMode.MERGEKIT ? 'mergekit' : 'paper',
    seed: request.seed,
    models,
    base,
    tensors,
    leftOut,
    shards: shardsOf(tensors, request),
    config: mergedConfig(base, models, tensors),
    donor: donor.model,
    copies: false,
    notes: [...largeMatrixNotes(method, tensors), ...bufferNotes(buffers), ...inputNotes(inputs)],
  };
}

const wholeOf = (input: PlannedInput): Part => ({
  input,
  label: input.label,
  names: [...input.model.tensors.keys()],
  find: (leading) => findTensor(leading, input.model.tensors),
});

interface Pairs {
  /** Whose tensors the result has. */
  readonly leader: PlannedInput | undefined;
  readonly pairs: readonly PairedTensor[];
  readonly problems: Problems;
  readonly leftOut: readonly string[];
  /** Buffers that the leader lacks, with the first model that has them. */
  readonly buffers: ReadonlyMap<string, string>;
}

/**
 * With `ofBase` the result has the base's tensors, for a task vector exists only there; otherwise the first model's, and every model
 * must have the same, but for buffers. Names may differ by the prefix of a full model.
 */
function pairAll(models: readonly PlannedInput[], base: PlannedInput | undefined, ofBase: boolean): Pairs {
  const parts = models.map(wholeOf);
  const basePart = base === undefined ? undefined : wholeOf(base);
  const leader = (ofBase ? basePart : undefined) ?? parts[0];
  if (leader === undefined) {
    return { leader, pairs: [], problems: new Map(), leftOut: [], buffers: new Map() };
  }
  const { tensors: pairs, problems, extra, extraBuffers } = pairTensors(leader, parts, basePart);
  const all = new Map(problems);
  if (!ofBase) {
    for (const [name, label] of extra) all.set(name, `is in ${label} and not in ${leader.label}`);
  }
  const leftOut = ofBase ? [...extra.keys()] : [];
  return { leader: leader.input, pairs, problems: all, leftOut, buffers: extraBuffers };
}

interface Settings {
  readonly leader: PlannedInput | undefined;
  readonly models: readonly PlannedInput[];
  readonly base: PlannedInput | undefined;
  readonly method: TensorMethod;
  readonly wanted: Dtype | undefined;
  readonly request: merge.MergeRequest;
}

function plannedTensor(
  { lead, merged, buffer, sources, base: reference }: PairedTensor,
  { leader, models, base, method, wanted, request }: Settings,
): PlannedTensor {
  if (buffer && leader !== undefined) return copiedBuffer(lead.name, leader, lead, method);
  const stored = (reference ?? sources[0])?.dtype ?? 'F32';
  return {
    name: lead.name,
    shape: lead.shape,
    dtype: merged ? (wanted ?? stored) : stored,
    merged,
    method,
    base: base === undefined || reference === undefined ? undefined : { input: base, tensor: reference },
    sources: models.flatMap((input, index) => {
      const tensor = sources[index];
      return tensor === undefined ? [] : [{ input, tensor, parameters: parametersOf(request.models[index]) }];
    }),
  };
}

/** A buffer of the result as one model has it. */
const copiedBuffer = (
  name: string,
  input: PlannedInput,
  tensor: TensorInfo,
  method: TensorMethod,
): PlannedTensor => ({
  ...{ name, shape: tensor.shape, dtype: tensor.dtype, merged: false, buffer: true, method },
  base: undefined,
  sources: [{ input, tensor, parameters: { weight: 1 } }],
});
