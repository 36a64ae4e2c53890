import type { MergeStatistic } from '@eigenloom/numeric';
import type { JobContext } from '@eigenloom/runtime';

import type { MergePlan, PlannedInput } from '../../plan/planned.js';
import type { Given } from '../../plan/preparation.js';
import { textsRole, tokenizerFolderOf } from './own-texts.js';
import { defaultTextLength } from './text-length.js';
import type { StatisticKind } from './statistic.js';
import { statisticOf } from './statistic-of.js';
import type { StoredStatistic } from './stored-statistic.js';

export const DEFAULT_EXAMPLES = 256;
/** Share of a merge's progress that preparing it takes. */
const SHARE = 0.5;

/** How the texts of each model are read; the model decides about a length that is left out. */
export interface Reading {
  readonly examples: number;
  readonly maxLength: number | undefined;
}

/** A statistic of every model of a plan on its own texts, in order; `paths` has those of the texts, by role. */
export async function statisticsOf(
  kindOf: (input: PlannedInput) => StatisticKind,
  reading: Reading,
  plan: MergePlan,
  paths: ReadonlyMap<string, string>,
  context: JobContext,
  { request, lineage }: Given,
): Promise<StoredStatistic[]> {
  const digests = await lineage();
  const stored: StoredStatistic[] = [];
  for (const [position, input] of plan.models.entries()) {
    const data = request.models[position]?.data;
    const role = textsRole(position);
    const texts = {
      path: paths.get(role) ?? '',
      textField: data?.textField ?? 'text',
      limit: Math.min(reading.examples, data?.limit ?? Infinity),
      maxLength: reading.maxLength ?? defaultTextLength(input),
      field: `models[${position}].data`,
    };
    const tokenizerFolder = tokenizerFolderOf(input, plan);
    const wanted = { input, textsRole: role, texts, tokenizerFolder, statistic: kindOf(input) };
    stored.push(
      await statisticOf(wanted, digests, context, (fraction) => {
        context.progress({ fraction: (SHARE * (position + fraction)) / plan.models.length });
      }),
    );
  }
  return stored;
}

/** Tensors of the result of which every model has the statistic, by name. */
export function statisticsByTensor(
  plan: MergePlan,
  stored: readonly StoredStatistic[],
): Map<string, readonly MergeStatistic[]> {
  const found = new Map<string, readonly MergeStatistic[]>();
  for (const { name, merged, sources } of plan.tensors) {
    const own = sources.flatMap(({ tensor }, position) => stored[position]?.find(tensor.name) ?? []);
    if (merged && own.length > 0 && own.length === sources.length) found.set(name, own);
  }
  return found;
}
