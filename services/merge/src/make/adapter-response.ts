import type { common, merge } from '@eigenloom/contracts';

/** The response of a job that made an adapter. */
export const adapterResponse = (
  model: common.Artifact,
  modules: merge.AdapterModuleReport[],
): merge.MergeResponse => ({
  model,
  changes: undefined,
  kept: [],
  accuracies: [],
  soupAccuracy: 0,
  modules,
});
