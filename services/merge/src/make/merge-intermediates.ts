import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/adapters';
import type { merge } from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';
import type { JobContext } from '@eigenloom/runtime';

import { foldInputs } from '../fold/fold-inputs.js';
import { type MergePlan, inputsOf } from '../plan/planned.js';
import { type StageResult, type Stages, isUntied } from '../plan/stages.js';
import { finishedShards } from '../run/finished-shards.js';
import type { InputDigests } from '../run/input-digests.js';
import type { MadeInputs } from '../run/plan-key.js';
import { writeIntermediate } from '../write/write-merged.js';

export interface LastStage {
  readonly plan: MergePlan;
  /** What of the work is left. */
  readonly share: number;
  readonly made: MadeInputs;
}

/** Of this attempt alone: a worker that lost the job may still be writing in its own. */
const folderOf = ({ scratch, attempt }: JobContext): string => join(scratch, `merged-${attempt}`);

async function newFolder(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/**
 * Merges what the last stage needs into the job's own folder and plans the last, whose embeddings are in order then. All results stay until the job ends: an attempt that
 * finds a later one unfinished reads the earlier ones again.
 */
export async function mergeIntermediates(
  request: merge.MergeRequest,
  { stages }: Stages,
  digests: InputDigests,
  context: JobContext,
): Promise<LastStage> {
  const results = new Map<string, StageResult>();
  const made = new Map<string, string>();
  const share = 1 / stages.length;
  const { signal } = context;
  for (const [index, stage] of stages.entries()) {
    const plan = await stage.plan(results);
    await foldInputs(String(index), inputsOf(plan), made, context);
    await plan.rearranged?.write(await newFolder(folderOf(context), `vocabulary-${index}`), { signal });
    if (index === stages.length - 1) return { plan, share, made };
    const path = join(folderOf(context), String(index));
    const finished = await finishedShards(String(index), { plan, prepared: undefined, made }, context);
    await writeIntermediate(path, plan, {
      ...{ allowNonFinite: request.allowNonFinite, signal, finished, digests },
      onProgress: (fraction) => {
        context.progress({ fraction: share * (index + fraction), phase: `merging ${stage.name}` });
      },
    });
    made.set(path, finished.key);
    results.set(stage.name, { model: await openModel(path, { signal, untied: isUntied(plan) }), path });
  }
  throw internal('NO_STAGES', 'a merge without stages');
}
