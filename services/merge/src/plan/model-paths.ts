import { openModel } from '@eigenloom/adapters';
import { type Model, untiedView } from '@eigenloom/checkpoint';

import type { ModelPaths, PlannedInput } from './planned.js';

/** Where a worker finds a model of a plan, and how the plan sees it. */
export const pathsOf = ({ path, adapters, model }: PlannedInput): ModelPaths => ({
  path,
  adapters,
  untied: model.untied,
  dense: model.dense?.path,
});

/** Opens a model again as its plan sees it: beside one that an adapter untied, a tied one has a head of its own too. */
export async function openPaths(
  { path, adapters, untied, dense }: ModelPaths,
  signal: AbortSignal,
): Promise<Model> {
  const model = await openModel(path, { adapters, signal });
  if (dense !== undefined) await model.dense?.open(dense, { signal });
  return untied ? untiedView(model) : model;
}
