import { join } from 'node:path';
import { FinishedFiles } from '@eigenloom/checkpoint';
import type { JobContext } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/planned.js';
import type { Preparation } from '../plan/preparation.js';
import type { FinishedShards } from './merge-tensors.js';
import { type MadeInputs, planKey } from './plan-key.js';

const isText = (value: unknown): value is string => typeof value === 'string';

/** What decides about the bytes of a merge. */
export interface KeyedPlan {
  readonly plan: MergePlan;
  readonly prepared: Preparation | undefined;
  readonly made: MadeInputs;
}

/** The shards of one of a job's merges that its attempts have finished, by the name of the merge. */
export async function finishedShards(
  name: string,
  { plan, prepared, made }: KeyedPlan,
  { scratch, fence, log }: JobContext,
): Promise<FinishedShards & { readonly key: string }> {
  const key = await planKey(plan, prepared, made);
  await fence();
  const files = await FinishedFiles.open(join(scratch, 'finished', name), key, isText);
  return {
    key,
    files,
    fence,
    onFound: (file) => {
      log.info({ merge: name, file }, 'a shard of an earlier attempt is whole and is not merged again');
    },
    onDamaged: (file) => {
      log.warn({ merge: name, file }, 'a shard of an earlier attempt does not match its checksum');
    },
  };
}
