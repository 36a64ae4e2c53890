import type { Model } from '@eigenloom/checkpoint';
import { toAppError } from '@eigenloom/errors';
import {
  type ClassifiedText,
  evaluateClassifier,
  loadClassifierHead,
  loadNetwork,
  type Network,
  TextExamples,
} from '@eigenloom/models';

import { ModelCache } from '../search/model-cache.js';
import type { SearchTensor } from '../search/search-input.js';
import type { Score } from './greedy-search.js';
import { RunningSoup } from './running-soup.js';
import { soupSource } from './soup-source.js';

export interface CandidateOptions {
  readonly batchSize: number;
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
}

/** Scores means of models: from memory where the models fit into it, else from disk, with the same arithmetic. */
export async function candidateScore(
  models: readonly Model[],
  tensors: readonly SearchTensor[],
  texts: readonly ClassifiedText[],
  options: CandidateOptions,
): Promise<{ score: Score; inMemory: boolean }> {
  const cache = await cacheOf(models, tensors, options);
  return cache === undefined
    ? { score: scoreFromDisk(models, texts, options), inMemory: false }
    : { score: await scoreFromMemory(cache, texts, options), inMemory: true };
}

async function cacheOf(
  models: readonly Model[],
  tensors: readonly SearchTensor[],
  options: CandidateOptions,
): Promise<ModelCache | undefined> {
  const [first] = models;
  if (first === undefined) return undefined;
  try {
    // A soup has a sum and a mean of every tensor, whether models changed it or not.
    return await ModelCache.load(tensors, first, models, { ...options, everywhere: true });
  } catch (error) {
    if (toAppError(error).reason === 'SEARCH_TOO_LARGE') return undefined;
    throw error;
  }
}

async function scoreFromMemory(
  cache: ModelCache,
  texts: readonly ClassifiedText[],
  { batchSize, signal }: CandidateOptions,
): Promise<Score> {
  const network = await loadNetwork(cache.source, { signal });
  const { head } = await loadClassifierHead(network, cache.source);
  const soup = new RunningSoup(cache.tensors, network);
  return async (members) => {
    soup.assign(members);
    return (await evaluateClassifier(network, head, examplesOf(network, texts), { batchSize, signal }))
      .accuracy;
  };
}

/** Every candidate is read from disk, tensor by tensor. */
const scoreFromDisk =
  (
    models: readonly Model[],
    texts: readonly ClassifiedText[],
    { batchSize, signal }: CandidateOptions,
  ): Score =>
  async (members) => {
    const source = soupSource(members.flatMap((index) => models[index] ?? []));
    const network = await loadNetwork(source, { signal });
    try {
      const { head } = await loadClassifierHead(network, source);
      return (await evaluateClassifier(network, head, examplesOf(network, texts), { batchSize, signal }))
        .accuracy;
    } finally {
      network.dispose();
    }
  };

const examplesOf = ({ config }: Network, texts: readonly ClassifiedText[]): TextExamples =>
  new TextExamples(texts, config.padTokenId);
