import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { merge } from '@eigenloom/contracts';
import { incompatible, internal } from '@eigenloom/errors';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { checkReport } from '../interference/check-report.js';
import { reportInterference } from '../interference/report-interference.js';
import { estimateOf } from '../plan/estimate.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import { planAll, stagesOf } from '../plan/stages.js';
import { checkPreparation, dataOf, preparationMemory, prepare } from '../prepare/index.js';
import type { Preparation } from '../prepare/preparation.js';
import { InputDigests } from '../run/input-digests.js';
import { lineageOf } from '../run/lineage.js';
import { modelCard } from '../run/model-card.js';
import { type FinishedShards, type Merged, changesFound } from '../run/merge-tensors.js';
import { writeMerged } from '../run/write-merged.js';
import { finishedShards } from './finished-shards.js';
import type { Maker } from './maker.js';
import { mergeIntermediates } from './merge-intermediates.js';

/** Makes a model of models, tensor by tensor, from disk to disk. */
export const makeModel: Maker = {
  async validate(request, context) {
    const plans = await planAll(stagesOf(request, context));
    await dataOf(request, context);
    checkPreparation(request, plans.at(-1));
    checkReport(request, plans.at(-1));
  },
  async estimate(request, context) {
    const plans = await planAll(stagesOf(request, context));
    return estimateOf(plans, preparationMemory(request, plans.at(-1)));
  },
  async run(request, context) {
    const stages = stagesOf(request, context);
    const digests = new InputDigests(context.digests);
    const { plan, share, made } = await mergeIntermediates(request, stages, digests, context);
    const data = await dataOf(request, context);
    const inputs = [...stages.inputs(), ...data];
    const lineageNow = (): Promise<Lineage> => lineageOf(inputs, context.signal, digests);
    const prepared = await prepare(request, plan, data, context, lineageNow);
    const shards = await finishedShards('result', { plan, prepared, made }, context);
    const start = prepared === undefined ? 1 - share : 0.5;
    let result: Result | undefined;
    const lineage = (): Lineage => writtenOf(result).lineage;
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      const decided = { request, plan, finished: shards, inputs, digests, prepared, start };
      result = await writeResult(staging, decided, context);
      return result.written;
    });
    return {
      ...merge.MergeResponse.fromJSON({}),
      model,
      // Committed by an attempt that died before it could say so.
      changes: result?.changes ?? (await changesFound(plan, shards)),
      ...prepared?.response,
      interference: result?.interference,
    };
  },
};

/** What has been written, and what it was made of. */
interface Result extends Merged {
  readonly lineage: Lineage;
  readonly interference: merge.InterferenceSummary | undefined;
}

function writtenOf(result: Result | undefined): Result {
  if (result === undefined)
    throw internal('NOT_WRITTEN', 'the lineage was asked for before the result was written');
  return result;
}

/** Everything that is known before the first tensor of the result is merged. */
interface Decided {
  readonly request: merge.MergeRequest;
  readonly plan: MergePlan;
  readonly finished: FinishedShards;
  readonly inputs: readonly ReadInput[];
  readonly digests: InputDigests;
  readonly prepared: Preparation | undefined;
  /** Share of the work that is done. */
  readonly start: number;
}

async function writeResult(staging: string, decided: Decided, context: JobContext): Promise<Result> {
  const { request, plan, finished, inputs, digests, prepared, start } = decided;
  const end = request.reportInterference === undefined ? 1 : (start + 1) / 2;
  const merged = await writeMerged(staging, plan, prepared, {
    allowNonFinite: request.allowNonFinite,
    signal: context.signal,
    finished,
    digests,
    onProgress: (fraction) => {
      context.progress({ fraction: start + (end - start) * fraction, phase: 'merging' });
    },
  });
  const { changes } = merged;
  const allowed = request.allowUnchanged || plan.copies || prepared?.mayChangeNothing === true;
  if (changes.changedTensors === 0 && !allowed) {
    const reference = plan.base === undefined ? 'the first model' : 'its base';
    throw incompatible(
      'MERGE_CHANGED_NOTHING',
      `the result equals ${reference} in every tensor; set allow_unchanged if that is meant`,
    );
  }
  if (plan.leftOut.length > 0) {
    context.log.warn({ tensors: plan.leftOut.length }, 'tensors that the base lacks are left out');
  }
  for (const note of plan.notes) context.log.warn(note);
  for (const [name, text] of prepared?.files ?? [])
    await writeFile(join(staging, name), text, { flag: 'wx' });
  const lineage = await lineageOf(inputs, context.signal, digests);
  const onReport = (fraction: number): void => {
    context.progress({ fraction: end + (1 - end) * fraction, phase: 'comparing task vectors' });
  };
  const interference =
    request.reportInterference === undefined
      ? undefined
      : await reportInterference(staging, plan, request.reportInterference, lineage, context, onReport);
  const card = modelCard({ ...decided, lineage, changes, interference });
  await writeFile(join(staging, 'README.md'), card, { flag: 'wx' });
  return { ...merged, lineage, interference };
}
