import type { MergeRequest } from '../messages/merge.js';

/** What a merge chooses: a member of its oneof, or `mergekit` where a configuration of mergekit says it. Undefined where nothing is chosen. */
export const chosenMerge = ({
  method,
  mergekit,
}: Pick<MergeRequest, 'method' | 'mergekit'>): string | undefined =>
  method?.kind?.$case ?? (mergekit === undefined ? undefined : 'mergekit');
