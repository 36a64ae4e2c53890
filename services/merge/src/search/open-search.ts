import { type Model, openModel } from '@eigenloom/checkpoint';
import { findClassifierHead, loadClassifierHead, loadNetwork, loadTokenizer } from '@eigenloom/models';

import type { ModelPaths } from '../plan/planned.js';
import { MergedParameters } from './merged-parameters.js';
import { ModelCache } from './model-cache.js';
import type { SearchInput } from './search-input.js';
import { TaskNetwork } from './task-network.js';

/** Everything that a search looks at, in memory. */
export interface Search {
  readonly cache: ModelCache;
  readonly merged: MergedParameters;
  readonly tasks: readonly TaskNetwork[];
}

export const openPaths = ({ path, adapters }: ModelPaths, signal: AbortSignal): Promise<Model> =>
  openModel(path, { adapters, signal });

/** Loads models, network, heads and data. Errors: `SEARCH_TOO_LARGE`, `NO_CLASSIFIER`, those of the files and the data. */
export async function openSearch(input: SearchInput, signal: AbortSignal): Promise<Search> {
  const reference = await openPaths(input.reference, signal);
  const models: Model[] = [];
  for (const paths of input.models) models.push(await openPaths(paths, signal));
  const { memoryBytes } = input;
  const cache = await ModelCache.load(input.tensors, reference, models, { memoryBytes, signal });
  const network = await loadNetwork(cache.source, { signal });
  if (findClassifierHead(network.architecture, cache.source.tensors) !== undefined) {
    await loadClassifierHead(network, cache.source);
  }
  const tokenizer = await loadTokenizer(input.tokenizerFolder);
  // The tasks' networks hold the variables, so these are made first; which are reached does not depend on the values.
  const names = new Set(network.parameters.names);
  for (const { name, models: own } of cache.tensors) {
    if (names.has(name) && own.some((stored) => stored !== undefined)) network.parameters.train(name);
  }
  const tasks: TaskNetwork[] = [];
  for (const task of input.tasks) tasks.push(await TaskNetwork.load(task, network, tokenizer, input, signal));
  const reached = new Set(tasks.flatMap((task) => task.reached));
  const merged = new MergedParameters(cache.tensors, network.parameters, reached, models.length);
  return { cache, merged, tasks };
}
