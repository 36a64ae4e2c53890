import { join } from 'node:path';
import { rm, writeFile } from 'node:fs/promises';

import { openModel } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { incompatible, internal } from '@eigenloom/errors';
import type { MergeReport } from '@eigenloom/numeric';
import type { JobContext, Lineage } from '@eigenloom/runtime';

import { estimateOf } from '../plan/estimate.js';
import type { MergePlan, ReadInput } from '../plan/planned.js';
import { type StageResult, type Stages, planAll, stagesOf } from '../plan/stages.js';
import { dataOf, preparationMemory, prepare } from '../prepare/index.js';
import type { Preparation } from '../prepare/preparation.js';
import { lineageOf } from '../run/lineage.js';
import { modelCard } from '../run/model-card.js';
import { writeIntermediate, writeMerged } from '../run/write-merged.js';
import type { Maker } from './maker.js';

/** Makes a model of models, tensor by tensor, from disk to disk. */
export const makeModel: Maker = {
  async validate(request, context) {
    await planAll(stagesOf(request, context));
    await dataOf(request, context);
  },
  async estimate(request, context) {
    const plans = await planAll(stagesOf(request, context));
    return estimateOf(plans, preparationMemory(request, plans.at(-1)));
  },
  async run(request, context) {
    const stages = stagesOf(request, context);
    const { plan, share } = await mergeIntermediates(request, stages, context);
    const data = await dataOf(request, context);
    const prepared = await prepare(request, plan, data, context);
    const inputs = [...stages.inputs(), ...data];
    const lineage = await lineageOf(inputs, context.signal);
    let report: MergeReport | undefined;
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      const start = prepared === undefined ? 1 - share : 0.5;
      report = await writeResult(staging, { request, plan, inputs, lineage, prepared, start }, context);
    });
    await rm(folderOf(context), { recursive: true, force: true });
    return {
      model,
      ...reportOf(report),
      kept: [],
      accuracies: [],
      soupAccuracy: 0,
      taskScores: [],
      graft: undefined,
      ...prepared?.response,
    };
  },
};

/** Of this attempt alone: a worker that lost the job may still be writing in its own. */
const folderOf = ({ scratch, attempt }: JobContext): string => join(scratch, `merged-${attempt}`);

/**
 * Merges what the last stage needs into the job's own folder and plans the last. A result is removed when no later stage reads it.
 * `share` is what of the work is left.
 */
async function mergeIntermediates(
  request: merge.MergeRequest,
  { stages }: Stages,
  context: JobContext,
): Promise<{ plan: MergePlan; share: number }> {
  const results = new Map<string, StageResult>();
  const share = 1 / stages.length;
  for (const [index, stage] of stages.entries()) {
    const plan = await stage.plan(results);
    if (index === stages.length - 1) return { plan, share };
    const path = join(folderOf(context), String(index));
    await context.fence();
    await writeIntermediate(path, plan, {
      allowNonFinite: request.allowNonFinite,
      signal: context.signal,
      onProgress: (fraction) => {
        context.progress({ fraction: share * (index + fraction), phase: `merging ${stage.name}` });
      },
    });
    results.set(stage.name, { model: await openModel(path, { signal: context.signal }), path });
    const later = stages.slice(index + 1).flatMap(({ needs }) => [...needs]);
    for (const name of stage.needs) {
      const done = later.includes(name) ? undefined : results.get(name)?.path;
      if (done !== undefined) await rm(done, { recursive: true, force: true });
    }
  }
  throw internal('NO_STAGES', 'a merge without stages');
}

/** Everything that is known before the first tensor of the result is merged. */
interface Decided {
  readonly request: merge.MergeRequest;
  readonly plan: MergePlan;
  readonly inputs: readonly ReadInput[];
  readonly lineage: Lineage;
  readonly prepared: Preparation | undefined;
  /** Share of the work that is done. */
  readonly start: number;
}

async function writeResult(staging: string, decided: Decided, context: JobContext): Promise<MergeReport> {
  const { request, plan, prepared, start } = decided;
  const report = await writeMerged(staging, plan, prepared, {
    allowNonFinite: request.allowNonFinite,
    signal: context.signal,
    onProgress: (fraction) => {
      context.progress({ fraction: start + (1 - start) * fraction, phase: 'merging' });
    },
  });
  const allowed = request.allowUnchanged || plan.copies || prepared?.mayChangeNothing === true;
  if (report.changedTensors === 0 && !allowed) {
    const reference = plan.base === undefined ? 'the first model' : 'its base';
    throw incompatible('MERGE_CHANGED_NOTHING', `the result equals ${reference} in every tensor`);
  }
  if (plan.leftOut.length > 0) {
    context.log.warn({ tensors: plan.leftOut.length }, 'tensors that the base lacks are left out');
  }
  for (const note of plan.notes) context.log.warn(note);
  for (const [name, text] of prepared?.files ?? [])
    await writeFile(join(staging, name), text, { flag: 'wx' });
  await writeFile(join(staging, 'README.md'), modelCard({ ...decided, report }), { flag: 'wx' });
  return report;
}

function reportOf(report: MergeReport | undefined): Pick<merge.MergeResponse, 'changes'> {
  if (report === undefined) return { changes: undefined };
  const { tensors, changedTensors, deltaNorm, referenceNorm } = report;
  return { changes: { tensors, changedTensors, deltaNorm, referenceNorm } };
}
