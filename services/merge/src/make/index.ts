import type { common, merge } from '@eigenloom/contracts';

import { ADAPTER_METHODS } from '../adapters/methods/index.js';
import { extractAdapterMethod } from '../extract/method.js';
import type { MakerCase } from '../methods/method.js';
import { METHODS as TENSOR_METHODS } from '../methods/index.js';
import { mixtureMethod } from '../mixture/method.js';
import { makeAdapter } from './make-adapter.js';
import { makeExtraction } from './make-extraction.js';
import { makeMixture } from './make-mixture.js';
import { makeModel } from './make-model.js';
import type { Maker } from './maker.js';

/** Of the methods that make something else than a model merged tensor by tensor; one that is missing here does not compile. */
const BY_CASE: { readonly [K in MakerCase]: Maker } = {
  adapterConcatenate: makeAdapter,
  adapterLinear: makeAdapter,
  adapterSvd: makeAdapter,
  adapterKnots: makeAdapter,
  adapterTies: makeAdapter,
  adapterDareLinear: makeAdapter,
  adapterDareTies: makeAdapter,
  adapterMagnitudePrune: makeAdapter,
  adapterAverage: makeAdapter,
  adapterEma: makeAdapter,
  extractAdapter: makeExtraction,
  mixtureOfExperts: makeMixture,
};

/** All methods, in the order of the proto. */
export const METHODS: readonly common.Method[] = [
  ...TENSOR_METHODS,
  ...ADAPTER_METHODS,
  extractAdapterMethod,
  mixtureMethod,
].map(({ id, summary, paper }) => ({ id, summary, paper }));

/** What makes the result of a request. Beside a configuration of mergekit a method is refused by the maker of models. */
export function makerOf({ method, mergekit }: merge.MergeRequest): Maker {
  if (method === undefined || mergekit !== undefined) return makeModel;
  const makers: Readonly<Partial<Record<string, Maker>>> = BY_CASE;
  return makers[method.$case] ?? makeModel;
}
