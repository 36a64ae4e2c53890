import type { Model } from '@eigenloom/checkpoint';
import { internal } from '@eigenloom/errors';
import { sizeOf } from '@eigenloom/numeric';

import type { MergePlan, ReadInput } from './planned.js';

/** What an earlier merge of the same request made: open, or so far only planned. */
export interface StageResult {
  readonly model: Model;
  /** Undefined while it is only planned. */
  readonly path: string | undefined;
}

/** One merge of a request. */
export interface Stage {
  /** By which later stages name its result; empty for the last. */
  readonly name: string;
  /** Stages whose results it reads. */
  readonly needs: ReadonlySet<string>;
  plan(results: ReadonlyMap<string, StageResult>): Promise<MergePlan>;
}

/** The merges of a request, in an order in which they can run; the last one's result is the request's. */
export interface Stages {
  readonly stages: readonly Stage[];
  /** What the plans made so far read, without those that the merges make themselves. */
  inputs(): readonly ReadInput[];
}

/** Plans of all stages, without merging: what a stage makes is known from its plan. */
export async function planAll({ stages }: Stages): Promise<MergePlan[]> {
  const plans: MergePlan[] = [];
  const results = new Map<string, StageResult>();
  for (const stage of stages) {
    const plan = await stage.plan(results);
    plans.push(plan);
    results.set(stage.name, { model: plannedModel(plan), path: undefined });
  }
  return plans;
}

/** Whether a plan's result has a head of its own because of an adapter. */
export const isUntied = ({ base, models }: Pick<MergePlan, 'base' | 'models'>): boolean =>
  [base, ...models].some((input) => input?.model.untied === true);

/** The model that a plan makes, as far as it is known before it is made. */
function plannedModel(plan: MergePlan): Model {
  const { tensors, config, donor } = plan;
  const notYet = (): never => {
    throw internal('MODEL_NOT_MERGED', 'a planned model was read');
  };
  const bytesOf = ({ shape, dtype }: MergePlan['tensors'][number]): number =>
    shape.reduce((product, size) => product * size, sizeOf(dtype));
  return {
    directory: donor.directory,
    config,
    tensors: new Map(
      tensors.map((tensor) => {
        const { name, dtype, shape } = tensor;
        return [name, { name, dtype, shape, byteLength: bytesOf(tensor), file: 'model.safetensors' }];
      }),
    ),
    weightFiles: new Map(),
    carriedFiles: donor.carriedFiles,
    ignored: [],
    untied: isUntied(plan),
    read: notYet,
    readRaw: notYet,
    countNonFinite: notYet,
    source: notYet,
  };
}
