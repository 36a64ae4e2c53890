import { constrainedMemory } from 'node:process';
import { totalmem } from 'node:os';

import { openModelRef } from '@eigenloom/adapters';
import { type Model, storesTransposed } from '@eigenloom/checkpoint';
import type { analysis, common } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { METHOD_OF } from './methods/index.js';
import type { AnalysisMethod, MethodCase, ParametersOf } from './methods/method.js';
import { isSkipped, recognise } from './weights/recognise.js';
import { selectTensors } from './weights/select.js';
import type { Skipped, Weight } from './weights/weight.js';

/** Share of the memory given to this process that one tensor's analysis may take. */
const MEMORY_SHARE = 0.6;

/** What a request asks for, with the models open and every tensor either a weight or left out. */
export interface AnalysisPlan {
  readonly model: Model;
  readonly base: Model | undefined;
  /** Folders of the adapters folded into them, by role: `base/adapters/0`. */
  readonly adapters: ReadonlyMap<string, string>;
  readonly method: BoundMethod;
  readonly weights: readonly Weight[];
  readonly skipped: readonly Skipped[];
}

/** A method with its parameters. */
export type BoundMethod = Pick<
  AnalysisMethod<MethodCase>,
  'id' | 'resultFile' | 'needsBase' | 'reasonToSkip' | 'operations' | 'workingBytes' | 'summarise'
> & {
  analyse(
    ...[weight, values, options]: [
      Weight,
      Parameters<AnalysisMethod<MethodCase>['analyse']>[1],
      Parameters<AnalysisMethod<MethodCase>['analyse']>[3],
    ]
  ): ReturnType<AnalysisMethod<MethodCase>['analyse']>;
};

function bind<K extends MethodCase>(method: AnalysisMethod<K>, parameters: ParametersOf<K>): BoundMethod {
  method.check(parameters);
  return {
    ...method,
    analyse: (weight, values, options) => method.analyse(weight, values, parameters, options),
  };
}

function chosenMethod({ method }: analysis.AnalyzeRequest): BoundMethod {
  switch (method?.$case) {
    case undefined:
      throw invalidInput('METHOD_MISSING', 'method', 'choose spectrum or intruders');
    case 'spectrum':
      return bind(METHOD_OF.spectrum, method.value);
    case 'intruders':
      return bind(METHOD_OF.intruders, method.value);
  }
}

/** Opens what a request names and sorts its tensors. Reads headers only. */
export async function planAnalysis(
  request: analysis.AnalyzeRequest,
  context: RequestContext,
): Promise<AnalysisPlan> {
  const method = chosenMethod(request);
  if (request.model === undefined) throw invalidInput('FIELD_MISSING', 'model', 'which model is analysed?');
  if (method.needsBase && request.base === undefined) {
    throw invalidInput('FIELD_MISSING', 'base', `${method.id} compares the model with the one it came from`);
  }
  const adapters = new Map<string, string>();
  const model = await open(request.model, 'model', context, adapters);
  const base = request.base === undefined ? undefined : await open(request.base, 'base', context, adapters);
  const weights: Weight[] = [];
  const skipped: Skipped[] = [];
  for (const name of selectTensors([...model.tensors.keys()], request.tensors)) {
    const found = sorted(name, model, base, method);
    if (isSkipped(found)) skipped.push(found);
    else weights.push(found);
  }
  if (base !== undefined && weights.length === 0) {
    throw incompatible(
      'NOTHING_IN_COMMON',
      'no weight of the model has a counterpart of its shape in the base',
    );
  }
  return { model, base, adapters, method, weights, skipped };
}

async function open(
  ref: common.ModelRef,
  field: string,
  context: RequestContext,
  found: Map<string, string>,
): Promise<Model> {
  const { model, adapters } = await openModelRef(ref, field, context);
  for (const [index, folder] of adapters.entries()) found.set(`${field}/adapters/${index}`, folder);
  return model;
}

function sorted(name: string, model: Model, base: Model | undefined, method: BoundMethod): Weight | Skipped {
  const info = model.tensors.get(name);
  if (info === undefined) return { name, reason: 'is not in the model' };
  const recognised = recognise(info);
  if (isSkipped(recognised)) return recognised;
  const found = oriented(recognised, model);
  const reason =
    method.reasonToSkip(found) ?? baseReason(info.shape, name, base) ?? sizeReason(found, base, method);
  return reason === undefined ? found : { name, reason };
}

function oriented(weight: Weight, { config }: Model): Weight {
  const transposed = weight.type === 'dense' && storesTransposed(config, weight.longname) === true;
  return transposed ? { ...weight, transposed } : weight;
}

function baseReason(shape: readonly number[], name: string, base: Model | undefined): string | undefined {
  if (base === undefined) return undefined;
  const other = base.tensors.get(name);
  if (other === undefined) return 'is not in the base';
  const same = other.shape.length === shape.length && other.shape.every((size, axis) => size === shape[axis]);
  return same ? undefined : `has shape [${shape.join(', ')}], in the base [${other.shape.join(', ')}]`;
}

function sizeReason(weight: Weight, base: Model | undefined, method: BoundMethod): string | undefined {
  const need = tensorBytes(weight, base !== undefined, method);
  const have = memoryLimit();
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  return need > have
    ? `needs ${gigabytes(need)} GB of working memory, ${gigabytes(have)} GB are allowed`
    : undefined;
}

/** Peak of bytes while one tensor is analysed: the whole tensor is read, its stacked matrices are analysed one by one. */
export function tensorBytes(weight: Weight, withBase: boolean, method: BoundMethod): number {
  const others = (weight.stacked - 1) * weight.rows * weight.columns * 8 * (withBase ? 2 : 1);
  return method.workingBytes(weight, withBase) + others;
}

function memoryLimit(): number {
  const constrained = constrainedMemory();
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return MEMORY_SHARE * total;
}
