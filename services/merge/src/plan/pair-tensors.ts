import { type Model, type TensorInfo, findTensor } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { isFloat } from '@eigenloom/numeric';

/** One tensor of the result and where it comes from. */
export interface PairedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** False for integers and booleans: they must agree and are copied. */
  readonly merged: boolean;
  /** In order of the models. */
  readonly models: readonly TensorInfo[];
  readonly base: TensorInfo | undefined;
}

export interface PairedTensors {
  readonly tensors: readonly PairedTensor[];
  /** Tensors of models that the base lacks and that are left out, with the first model that has them. */
  readonly leftOut: readonly string[];
}

/**
 * Finds the tensors that belong together. With `ofBase` the result has the base's tensors, for a task vector exists only there;
 * otherwise the first model's, and every model must have the same. Names may differ by the prefix of a full model.
 * Errors: `INCOMPATIBLE_MODELS`, naming every tensor that does not fit.
 */
export function pairTensors(
  models: readonly Model[],
  base: Model | undefined,
  ofBase: boolean,
): PairedTensors {
  const leader = ofBase && base !== undefined ? base : models[0];
  if (leader === undefined) return { tensors: [], leftOut: [] };
  const problems = new Map<string, string>();
  const tensors: PairedTensor[] = [];
  for (const [name, lead] of leader.tensors) {
    const found = models.map((model) => findTensor(name, model.tensors));
    const problem = problemOf(lead, found);
    if (problem !== undefined) problems.set(name, problem);
    else tensors.push(paired(lead, found as TensorInfo[], base));
  }
  const extra = extraTensors(models, tensors, problems);
  if (!ofBase) for (const [name, model] of extra) problems.set(name, `is in ${model} and not in models[0]`);
  if (problems.size > 0) throw incompatibleModels(problems);
  return { tensors, leftOut: ofBase ? [...extra.keys()] : [] };
}

function paired(lead: TensorInfo, models: readonly TensorInfo[], base: Model | undefined): PairedTensor {
  const counterpart = base === undefined ? undefined : findTensor(lead.name, base.tensors);
  const fits =
    counterpart?.shape.join() === lead.shape.join() && isFloat(counterpart.dtype) === isFloat(lead.dtype);
  return {
    name: lead.name,
    shape: lead.shape,
    merged: isFloat(lead.dtype),
    models,
    base: fits ? counterpart : undefined,
  };
}

function problemOf(lead: TensorInfo, found: readonly (TensorInfo | undefined)[]): string | undefined {
  for (const [index, tensor] of found.entries()) {
    if (tensor === undefined) return `models[${index}] lacks it`;
    if (tensor.shape.join() !== lead.shape.join()) {
      return `has shape [${tensor.shape.join(', ')}] in models[${index}] instead of [${lead.shape.join(', ')}]`;
    }
    const same = isFloat(lead.dtype) ? isFloat(tensor.dtype) : tensor.dtype === lead.dtype;
    if (!same) return `is ${tensor.dtype} in models[${index}] instead of ${lead.dtype}`;
  }
  return undefined;
}

/** Tensors of the models that no paired tensor took. */
function extraTensors(
  models: readonly Model[],
  tensors: readonly PairedTensor[],
  problems: ReadonlyMap<string, string>,
): Map<string, string> {
  const extra = new Map<string, string>();
  for (const [index, model] of models.entries()) {
    const taken = new Set(tensors.map((tensor) => tensor.models[index]?.name));
    for (const name of model.tensors.keys()) {
      if (!taken.has(name) && !problems.has(name) && !extra.has(name)) extra.set(name, `models[${index}]`);
    }
  }
  return extra;
}

const SHOWN = 16;

function incompatibleModels(problems: ReadonlyMap<string, string>): Error {
  const lines = [...problems].map(([name, why]) => `${JSON.stringify(name.slice(0, 80))} ${why}`);
  const more = lines.length > 1 ? `, and ${lines.length - 1} more` : '';
  return incompatible('INCOMPATIBLE_MODELS', `tensor ${lines[0] ?? ''}${more}`, {
    details: Object.fromEntries(
      [...problems].slice(0, SHOWN).map(([name, why]) => [name.slice(0, 80), why.slice(0, 120)]),
    ),
  });
}
