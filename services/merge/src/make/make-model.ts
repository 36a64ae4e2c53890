import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { merge } from '@eigenloom/contracts';
import { incompatible } from '@eigenloom/errors';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { estimateOf } from '../plan/estimate.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import { planAll, stagesOf } from '../plan/stages.js';
import { dataOf, prepare } from '../prepare/index.js';
import type { Preparation } from '../prepare/preparation.js';
import type { Changes } from '../run/changes.js';
import { lineageOf } from '../run/lineage.js';
import { modelCard } from '../run/model-card.js';
import { type FinishedShards, changesFound } from '../run/merge-tensors.js';
import { writeMerged } from '../run/write-merged.js';
import { finishedShards } from './finished-shards.js';
import type { Maker } from './maker.js';
import { mergeIntermediates } from './merge-intermediates.js';

/** Makes a model of models, tensor by tensor, from disk to disk. */
export const makeModel: Maker = {
  async validate(request, context) {
    await planAll(stagesOf(request, context));
    await dataOf(request, context);
  },
  async estimate(request, context) {
    return estimateOf(await planAll(stagesOf(request, context)));
  },
  async run(request, context) {
    const stages = stagesOf(request, context);
    const { plan, share, made } = await mergeIntermediates(request, stages, context);
    const data = await dataOf(request, context);
    const prepared = await prepare(request, plan, data, context);
    const inputs = [...stages.inputs(), ...data];
    const lineage = await lineageOf(inputs, context.signal);
    const finished = await finishedShards('result', { plan, prepared, made }, context);
    let changes: Changes | undefined;
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      const start = prepared === undefined ? 1 - share : 0.5;
      const decided = { request, plan, finished, inputs, lineage, prepared, start };
      changes = await writeResult(staging, decided, context);
    });
    return {
      model,
      // Committed by an attempt that died before it could say so.
      changes: changes ?? (await changesFound(plan, finished)),
      kept: [],
      accuracies: [],
      soupAccuracy: 0,
      ...prepared?.response,
    };
  },
};

/** Everything that is known before the first tensor of the result is merged. */
interface Decided {
  readonly request: merge.MergeRequest;
  readonly plan: MergePlan;
  readonly finished: FinishedShards;
  readonly inputs: readonly ReadInput[];
  readonly lineage: Lineage;
  readonly prepared: Preparation | undefined;
  /** Share of the work that is done. */
  readonly start: number;
}

async function writeResult(staging: string, decided: Decided, context: JobContext): Promise<Changes> {
  const { request, plan, finished, prepared, start } = decided;
  const changes = await writeMerged(staging, plan, prepared, {
    allowNonFinite: request.allowNonFinite,
    signal: context.signal,
    finished,
    onProgress: (fraction) => {
      context.progress({ fraction: start + (1 - start) * fraction, phase: 'merging' });
    },
  });
  const allowed = request.allowUnchanged || plan.copies || prepared?.mayChangeNothing === true;
  if (changes.changedTensors === 0 && !allowed) {
    const reference = plan.base === undefined ? 'the first model' : 'its base';
    throw incompatible('MERGE_CHANGED_NOTHING', `the result equals ${reference} in every tensor`);
  }
  if (plan.leftOut.length > 0) {
    context.log.warn({ tensors: plan.leftOut.length }, 'tensors that the base lacks are left out');
  }
  for (const note of plan.notes) context.log.warn(note);
  await writeFile(join(staging, 'README.md'), modelCard({ ...decided, changes }), { flag: 'wx' });
  return changes;
}
