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

interface Made {
  readonly method: common.Method;
  readonly maker: Maker;
}

const merged = (method: common.Method): Made => ({ method, maker: makeAdapter });

/**
 * Methods that make something else than a model merged tensor by tensor, in the order of the proto; one that is missing here does not
 * compile.
 */
const BY_CASE: { readonly [K in MakerCase]: Made } = {
  adapterConcatenate: merged(ADAPTER_METHODS.adapterConcatenate),
  adapterLinear: merged(ADAPTER_METHODS.adapterLinear),
  adapterSvd: merged(ADAPTER_METHODS.adapterSvd),
  adapterKnots: merged(ADAPTER_METHODS.adapterKnots),
  adapterTies: merged(ADAPTER_METHODS.adapterTies),
  adapterDareLinear: merged(ADAPTER_METHODS.adapterDareLinear),
  adapterDareTies: merged(ADAPTER_METHODS.adapterDareTies),
  adapterMagnitudePrune: merged(ADAPTER_METHODS.adapterMagnitudePrune),
  adapterAverage: merged(ADAPTER_METHODS.adapterAverage),
  adapterEma: merged(ADAPTER_METHODS.adapterEma),
  extractAdapter: { method: extractAdapterMethod, maker: makeExtraction },
  mixtureOfExperts: { method: mixtureMethod, maker: makeMixture },
};

/** All methods, in the order of the proto. */
export const METHODS: readonly common.Method[] = [
  ...TENSOR_METHODS,
  ...Object.values(BY_CASE).map(({ method }) => method),
].map(({ id, summary, paper }) => ({ id, summary, paper }));

/** What makes the result of a request. Beside a configuration of mergekit a method is refused by the maker of models. */
export function makerOf({ method, mergekit }: merge.MergeRequest): Maker {
  if (method === undefined || mergekit !== undefined) return makeModel;
  const made: Readonly<Partial<Record<string, Made>>> = BY_CASE;
  return made[method.$case]?.maker ?? makeModel;
}
