import { join } from 'node:path';

import type { merge } from '@eigenloom/contracts';
import { runOnEngine } from '@eigenloom/engine';
import type { JobContext, RequestContext } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/planned.js';
import type { SoupChoice } from './greedy-search.js';
import type { SoupTask } from './soup-worker.js';

const SOUP_WORKER = join(__dirname, 'soup-worker.js');
const DEFAULT_BATCH_SIZE = 32;
const DEFAULT_MAX_LENGTH = 128;

/** Path of the held-out examples of a greedy soup; undefined for other methods. */
export async function heldOutData(
  { method }: merge.MergeRequest,
  context: RequestContext,
): Promise<string | undefined> {
  if (method?.$case !== 'greedySoup' || method.value.data === undefined) return undefined;
  return context.resolve(method.value.data.uri, 'greedy_soup.data.uri');
}

/** The models that a greedy soup keeps; undefined for other methods. */
export async function chooseSoup(
  { method }: merge.MergeRequest,
  plan: MergePlan,
  path: string,
  context: JobContext,
): Promise<SoupChoice | undefined> {
  if (method?.$case !== 'greedySoup') return undefined;
  const { data, batchSize, maxLength } = method.value;
  const task: SoupTask = {
    models: plan.models.map((model) => ({ path: model.path, adapters: model.adapters })),
    tokenizerFolder: plan.donor.directory,
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
