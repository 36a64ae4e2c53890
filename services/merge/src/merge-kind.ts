import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';

import { writeModelFiles } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import { incompatible } from '@eigenloom/errors';
import type { MergeReport } from '@eigenloom/numeric';
import type { JobContext, JobKind, Lineage, RequestContext } from '@eigenloom/runtime';

import { METHODS } from './methods/index.js';
import { estimateOf } from './plan/estimate.js';
import { donorOf, type MergePlan, planMerge } from './plan/merge-plan.js';
import { lineageOf } from './run/lineage.js';
import { mergeTensors } from './run/merge-tensors.js';
import { mergedConfig } from './run/merged-config.js';
import { modelCard } from './run/model-card.js';
import type { SoupChoice } from './soup/greedy-search.js';
import type { SoupTask } from './soup/soup-worker.js';

const SOUP_WORKER = join(__dirname, 'soup', 'soup-worker.js');
const DEFAULT_BATCH_SIZE = 32;
const DEFAULT_MAX_LENGTH = 128;

/** The work of the merge service. */
export const mergeKind: JobKind<'merge'> = {
  kind: 'merge',
  methods: METHODS.map(({ id, summary, paper }) => ({ id, summary, paper })),
  async validate(request, context) {
    await planMerge(request, context);
    await heldOutData(request, context);
  },
  async estimate(request, context) {
    return estimateOf(await planMerge(request, context));
  },
  async run(request, context) {
    const plan = await planMerge(request, context);
    const data = await heldOutData(request, context);
    const choice = data === undefined ? undefined : await chooseSoup(request, plan, data, context);
    const kept = choice?.kept ?? plan.models.map((_, index) => index);
    const lineage = await lineageOf(plan, data, context.signal);
    let report: MergeReport | undefined;
    const model = await context.commit('', request.outputUri, lineage, async (staging) => {
      report = await writeMerged(staging, { request, plan, lineage, kept, choice }, context);
    });
    return { model, ...reportOf(report), ...soupOf(choice) };
  },
};

/** Everything that is known before the first tensor is merged. */
interface Decided {
  readonly request: merge.MergeRequest;
  readonly plan: MergePlan;
  readonly lineage: Lineage;
  /** Positions of the models that are merged. */
  readonly kept: readonly number[];
  readonly choice: SoupChoice | undefined;
}

async function writeMerged(
  staging: string,
  { request, plan, lineage, kept, choice }: Decided,
  context: JobContext,
): Promise<MergeReport> {
  const start = choice === undefined ? 0 : 0.5;
  const report = await mergeTensors(staging, plan, kept, {
    allowNonFinite: request.allowNonFinite,
    signal: context.signal,
    onProgress: (fraction) => {
      context.progress({ fraction: start + (1 - start) * fraction, phase: 'merging' });
    },
  });
  // A greedy soup that found nothing better than one model is that model.
  const single = choice !== undefined && kept.length === 1;
  if (report.changedTensors === 0 && !request.allowUnchanged && !single) {
    const reference = plan.base === undefined ? 'the first model' : 'its base';
    throw incompatible('MERGE_CHANGED_NOTHING', `the result equals ${reference} in every tensor`);
  }
  const donor = donorOf(plan);
  if (donor !== undefined) await writeModelFiles(staging, donor, plan.shards, mergedConfig(plan));
  if (plan.leftOut.length > 0) {
    context.log.warn({ tensors: plan.leftOut.length }, 'tensors that the base lacks are left out');
  }
  await writeFile(join(staging, 'README.md'), modelCard(request, plan, lineage, report, choice), {
    flag: 'wx',
  });
  return report;
}

/** Path of the held-out examples of a greedy soup. */
async function heldOutData(
  { method }: merge.MergeRequest,
  context: RequestContext,
): Promise<string | undefined> {
  if (method?.$case !== 'greedySoup' || method.value.data === undefined) return undefined;
  return context.resolve(method.value.data.uri, 'greedy_soup.data.uri');
}

async function chooseSoup(
  { method }: merge.MergeRequest,
  plan: MergePlan,
  path: string,
  context: JobContext,
): Promise<SoupChoice | undefined> {
  if (method?.$case !== 'greedySoup') return undefined;
  const { data, batchSize, maxLength } = method.value;
  const donor = donorOf(plan);
  if (donor === undefined) return undefined;
  const task: SoupTask = {
    models: plan.models.map((model) => ({ path: model.path, adapters: model.adapters })),
    tokenizerFolder: donor.directory,
    data: {
      path,
      textField: data?.textField || 'text',
      labelField: data?.labelField || 'label',
      limit: data?.limit ?? 0,
    },
    batchSize: batchSize || DEFAULT_BATCH_SIZE,
    maxLength: maxLength || DEFAULT_MAX_LENGTH,
  };
  return runOnEngine<SoupTask, SoupChoice>(SOUP_WORKER, task, {
    signal: context.signal,
    onProgress: (update) => {
      context.progress({ ...update, fraction: 0.5 * (update.fraction ?? 0) });
    },
  });
}

function reportOf(report: MergeReport | undefined): Pick<merge.MergeResponse, 'changes'> {
  if (report === undefined) return { changes: undefined };
  const { tensors, changedTensors, deltaNorm, referenceNorm } = report;
  return { changes: { tensors, changedTensors, deltaNorm, referenceNorm } };
}

function soupOf(
  choice: SoupChoice | undefined,
): Pick<merge.MergeResponse, 'kept' | 'accuracies' | 'soupAccuracy'> {
  return {
    kept: [...(choice?.kept ?? [])],
    accuracies: [...(choice?.accuracies ?? [])],
    soupAccuracy: choice?.soupAccuracy ?? 0,
  };
}
