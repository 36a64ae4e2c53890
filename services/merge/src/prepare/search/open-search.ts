import { type Model, opening } from '@eigenloom/checkpoint';
import {
  findClassifierHead,
  loadClassifierHead,
  loadNetwork,
  loadTokenizer,
  type Parameters,
} from '@eigenloom/models';

import { openPaths } from '../../plan/model-paths.js';
import { MergedParameters } from './merged-parameters.js';
import { ModelCache } from './model-cache.js';
import type { SearchInput } from './search-input.js';
import { TaskNetwork } from './task-network.js';

/** Everything that a search looks at, in memory. */
export interface OpenModels {
  readonly cache: ModelCache;
  /** Of the network; what a model changed is a variable. */
  readonly parameters: Parameters;
  /** Names of the parameters that the losses depend on. */
  readonly reached: ReadonlySet<string>;
  readonly tasks: readonly TaskNetwork[];
}

/** A search for coefficients. */
export interface Search extends Pick<OpenModels, 'cache' | 'tasks'> {
  readonly merged: MergedParameters;
}

/** Loads models, network, heads and data. Errors: `SEARCH_TOO_LARGE`, `NO_CLASSIFIER`, those of the files and the data. */
export async function openForSearch(input: SearchInput, signal: AbortSignal): Promise<OpenModels> {
  const reference = await openPaths(input.reference, signal);
  const models: Model[] = [];
  for (const paths of input.models) models.push(await openPaths(paths, signal));
  const { memoryBytes, workingBytes } = input;
  const cache = await ModelCache.load(input.tensors, reference, models, {
    memoryBytes,
    workingBytes,
    signal,
  });
  const network = await loadNetwork(cache.source, { signal });
  if (findClassifierHead(network.family, cache.source.tensors) !== undefined) {
    await loadClassifierHead(network, cache.source);
  }
  const tokenizer = await opening(input.tokenizerPlace, () => loadTokenizer(input.tokenizerFolder));
  // The tasks' networks hold the variables, so these are made first; which are reached does not depend on the values.
  const names = new Set(network.parameters.names);
  for (const { name, models: own } of cache.tensors) {
    if (names.has(name) && own.some((stored) => stored !== undefined)) network.parameters.train(name);
  }
  const tasks: TaskNetwork[] = [];
  for (const task of input.tasks) tasks.push(await TaskNetwork.load(task, network, tokenizer, input, signal));
  const reached = new Set(tasks.flatMap((task) => task.reached));
  return { cache, parameters: network.parameters, reached, tasks };
}

/** Errors: those of `openForSearch`. */
export async function openSearch(input: SearchInput, signal: AbortSignal): Promise<Search> {
  const { cache, parameters, reached, tasks } = await openForSearch(input, signal);
  const merged = new MergedParameters(cache.tensors, parameters, reached, input.models.length);
  return { cache, merged, tasks };
}
