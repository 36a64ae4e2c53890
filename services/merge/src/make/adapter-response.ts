import { type common, merge } from '@eigenloom/contracts';

/** The response of a job that made an adapter. */
export const adapterResponse = (
  model: common.Artifact,
  modules: merge.AdapterModuleReport[],
): merge.MergeResponse => ({ ...merge.MergeResponse.fromJSON({}), model, modules });
