import { invalidInput } from '@eigenloom/errors';
import type { merge } from '@eigenloom/contracts';

import type { AdapterCase, ModelParameters, ParametersOf } from '../../methods/method.js';
import type { AdapterMethod, MergedPair, ModuleMembers, PairKernels } from '../adapter-method.js';
import { average } from './average.js';
import { bestRank } from './best-rank.js';
import { concatenate } from './concatenate.js';
import { dareLinear, dareTies } from './dare.js';
import { ema } from './ema.js';
import { knots } from './knots.js';
import { linear } from './linear.js';
import { magnitudePrune } from './magnitude-prune.js';
import { ties } from './ties.js';

/** In the order of the proto; one of the proto that is missing here does not compile. */
export const ADAPTER_METHODS: { readonly [K in AdapterCase]: AdapterMethod<K> } = {
  adapterConcatenate: concatenate,
  adapterLinear: linear,
  adapterSvd: bestRank,
  adapterKnots: knots,
  adapterTies: ties,
  adapterDareLinear: dareLinear,
  adapterDareTies: dareTies,
  adapterMagnitudePrune: magnitudePrune,
  adapterAverage: average,
  adapterEma: ema,
};

/** What every method has, whatever its parameters. */
export type AnyAdapterMethod = Omit<AdapterMethod, 'check' | 'savedWeights' | 'rankOf' | 'mergePairs'>;

/** A method with the parameters of a request. */
export interface BoundAdapterMethod extends AnyAdapterMethod {
  check(models: readonly ModelParameters[]): void;
  savedWeights(adapters: number): readonly number[] | undefined;
  rankOf(module: ModuleMembers): number;
  mergePairs(module: ModuleMembers, kernels: PairKernels): Promise<MergedPair>;
}

type Choice<K extends AdapterCase> = {
  readonly [P in K]: { readonly $case: P; readonly value: ParametersOf<P> };
}[K];

/** The method that a request chooses. Errors: `METHOD_MISSING`. */
export function boundAdapterMethod({ method }: Pick<merge.MergeRequest, 'method'>): BoundAdapterMethod {
  if (method === undefined || !isAdapterMethod(method)) {
    const ids = Object.values(ADAPTER_METHODS)
      .map(({ id }) => id)
      .join(', ');
    throw invalidInput('METHOD_MISSING', 'method', `choose one of ${ids}`);
  }
  return bind(method);
}

const isAdapterMethod = (method: { readonly $case: string }): method is Choice<AdapterCase> =>
  method.$case in ADAPTER_METHODS;

function bind<K extends AdapterCase>({ $case, value }: Choice<K>): BoundAdapterMethod {
  const method: AdapterMethod<K> = ADAPTER_METHODS[$case];
  return {
    ...method,
    check: (models) => {
      method.check(value, models);
    },
    savedWeights: (adapters) => method.savedWeights?.(adapters, value),
    rankOf: (module) => method.rankOf(module, value),
    mergePairs: (module, kernels) => method.mergePairs(module, value, kernels),
  };
}
