import { constrainedMemory } from 'node:process';
import { totalmem } from 'node:os';

import { openModelRef } from '@eigenloom/adapters';
import { type Model, storesTransposed } from '@eigenloom/checkpoint';
import type { common } from '@eigenloom/contracts';
import { incompatible, invalidInput } from '@eigenloom/errors';
import type { RequestContext } from '@eigenloom/runtime';
import { isSkipped, recognise } from './recognise.js';
import { selectTensors } from './select.js';
import type { Skipped, Weight } from './weight.js';
import type { WeightStudy } from './weight-study.js';

/** Share of the memory given to this process that one tensor's analysis may take. */
const MEMORY_SHARE = 0.6;

/** The models and tensors that a study's parameters name. */
export interface NamedInputs {
  readonly model: common.ModelRef | undefined;
  readonly base: common.ModelRef | undefined;
  /** Patterns; empty for all. */
  readonly tensors: readonly string[];
}

/** What a study of weights looks at, with the models open and every tensor either a weight or left out. */
export interface WeightPlan {
  readonly model: Model;
  readonly base: Model | undefined;
  /** Folders of the adapters folded into them, by role: `base/adapters/0`. */
  readonly adapters: ReadonlyMap<string, string>;
  readonly study: WeightStudy;
  readonly weights: readonly Weight[];
  readonly skipped: readonly Skipped[];
}

/** Opens what a request names at `field` and sorts its tensors. Reads headers only. */
export async function planWeights(
  study: WeightStudy,
  inputs: NamedInputs,
  field: string,
  context: RequestContext,
): Promise<WeightPlan> {
  if (inputs.model === undefined) {
    throw invalidInput('FIELD_MISSING', `${field}.model`, 'which model is analysed?');
  }
  if (study.needsBase && inputs.base === undefined) {
    const why = `${field} compares the model with the one it came from`;
    throw invalidInput('FIELD_MISSING', `${field}.base`, why);
  }
  const adapters = new Map<string, string>();
  const model = await open(inputs.model, field, 'model', context, adapters);
  const base =
    inputs.base === undefined ? undefined : await open(inputs.base, field, 'base', context, adapters);
  const weights: Weight[] = [];
  const skipped: Skipped[] = [];
  for (const name of selectTensors([...model.tensors.keys()], inputs.tensors, `${field}.tensors`)) {
    const found = sorted(name, model, base, study);
    if (isSkipped(found)) skipped.push(found);
    else weights.push(found);
  }
  if (base !== undefined && weights.length === 0) {
    throw incompatible(
      'NOTHING_IN_COMMON',
      'no weight of the model has a counterpart of its shape in the base',
    );
  }
  return { model, base, adapters, study, weights, skipped };
}

async function open(
  ref: common.ModelRef,
  field: string,
  role: string,
  context: RequestContext,
  found: Map<string, string>,
): Promise<Model> {
  const { model, adapters } = await openModelRef(ref, `${field}.${role}`, context);
  for (const [index, folder] of adapters.entries()) found.set(`${role}/adapters/${index}`, folder);
  return model;
}

function sorted(name: string, model: Model, base: Model | undefined, study: WeightStudy): Weight | Skipped {
  const info = model.tensors.get(name);
  if (info === undefined) return { name, reason: 'is not in the model' };
  const recognised = recognise(info);
  if (isSkipped(recognised)) return recognised;
  const found = oriented(recognised, model);
  const reason =
    study.reasonToSkip(found) ?? baseReason(info.shape, name, base) ?? sizeReason(found, base, study);
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

function sizeReason(weight: Weight, base: Model | undefined, study: WeightStudy): string | undefined {
  const need = tensorBytes(weight, base !== undefined, study);
  const have = memoryLimit();
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  return need > have
    ? `needs ${gigabytes(need)} GB of working memory, ${gigabytes(have)} GB are allowed`
    : undefined;
}

/** Peak of bytes while one tensor is analysed: the whole tensor is read, its stacked matrices are analysed one by one. */
export function tensorBytes(weight: Weight, withBase: boolean, study: WeightStudy): number {
  const others = (weight.stacked - 1) * weight.rows * weight.columns * 8 * (withBase ? 2 : 1);
  return study.workingBytes(weight, withBase) + others;
}

function memoryLimit(): number {
  const constrained = constrainedMemory();
  const total = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return MEMORY_SHARE * total;
}
