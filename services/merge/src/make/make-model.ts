import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { merge } from '@eigenloom/contracts';
import { incompatible, internal } from '@eigenloom/errors';
import type { Report } from '@eigenloom/report';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { estimateOf } from '../estimate.js';
import { checkReport } from '../interference/check-report.js';
import { interferenceFound, type InterferenceReport } from '../interference/interference-report.js';
import { reportInterference } from '../interference/report-interference.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import { planAll } from '../plan/stages.js';
import { dataOf, pathsOf } from '../prepare/data-of.js';
import type { ModelMethod } from '../prepare/model-method.js';
import type { Changes } from '../run/changes.js';
import { finishedShards } from '../run/finished-shards.js';
import { InputDigests } from '../run/input-digests.js';
import { lineageOf } from '../run/lineage.js';
import { type FinishedShards, type Merged, changesFound } from '../run/merge-tensors.js';
import { mergeReport, responseOf, writeMergeReport } from '../write/merge-report.js';
import { modelCard } from '../write/model-card.js';
import { writeMerged } from '../write/write-merged.js';
import type { Maker } from './maker.js';
import { mergeIntermediates } from './merge-intermediates.js';
import { stagesOf } from './stages-of.js';

/** Makes a model of models, tensor by tensor, from disk to disk. */
export function makeModel(method: ModelMethod | undefined): Maker {
  const preparer = method?.preparer;
  return {
    async validate(request, context) {
      const plans = await planAll(stagesOf(request, method, context));
      const plan = plans.at(-1);
      await dataOf(request, preparer, context);
      if (plan !== undefined) preparer?.check?.(plan);
      checkReport(request, plan);
    },
    async estimate(request, context) {
      const plans = await planAll(stagesOf(request, method, context));
      const plan = plans.at(-1);
      return estimateOf(plans, plan === undefined ? 0 : (preparer?.memory?.(plan) ?? 0));
    },
    async run(request, context) {
      const stages = stagesOf(request, method, context);
      const digests = new InputDigests(context.digests);
      const { plan, share, made } = await mergeIntermediates(request, stages, digests, context);
      const data = await dataOf(request, preparer, context);
      const inputs = [...stages.inputs(), ...data];
      const lineageNow = (): Promise<Lineage> => lineageOf(inputs, context.signal, digests);
      const given = { request, lineage: lineageNow };
      const prepared = await preparer?.prepare(plan, pathsOf(data), context, given);
      const shards = await finishedShards('result', { plan, prepared, made }, context);
      const start = prepared === undefined ? 1 - share : 0.5;
      let result: Result | undefined;
      const lineage = (): Lineage => writtenOf(result).lineage;
      const model = await context.commit('', request.outputUri, lineage, async (staging) => {
        const decided = { request, plan, finished: shards, inputs, digests, prepared, start };
        result = await writeResult(staging, decided, context);
        return result.written;
      });
      // Without a result it was committed by an attempt that died before it could say so.
      const changes = result?.changes ?? (await changesFound(plan, shards));
      return responseOf(model, result?.report, changes, context);
    },
  };
}

/** What has been written, and what it was made of. */
interface Result extends Merged {
  readonly lineage: Lineage;
  readonly report: Report;
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
  const report = reportOf(plan, changes, prepared, interference);
  await writeMergeReport(staging, report, context);
  return { ...merged, lineage, report };
}

function reportOf(
  { method, notes }: MergePlan,
  { tensors, changedTensors, deltaNorm, referenceNorm }: Changes,
  prepared: Preparation | undefined,
  interference: InterferenceReport | undefined,
): Report {
  const measured = interference && interferenceFound(interference);
  const changes = {
    ...{ tensors, changed_tensors: changedTensors },
    ...{ delta_norm: deltaNorm, reference_norm: referenceNorm },
  };
  return mergeReport(method, {
    metrics: { ...changes, ...prepared?.metrics, ...measured?.metrics },
    tables: [...(prepared?.tables ?? []), ...(measured?.tables ?? [])],
    notes,
  });
}
