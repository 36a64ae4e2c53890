import { merge, type ParametersOf } from '@eigenloom/contracts';

import { DEFINITIONS, type MethodChoice } from '../methods/index.js';
import {
  coefficients,
  fisherInformation,
  gramMatrices,
  keepAllButSecond,
  type MadeUp,
  masks,
} from './made-up.js';

type Case = MethodChoice['$case'];

/** What the property suites try a method with. */
export interface Fixture<K extends Case = Case> {
  /** What it cannot do without, or what makes it a better test. */
  readonly parameters: Partial<ParametersOf<MethodChoice, K>>;
  /** Of a method that drops elements, parameters with which it drops none. Default: the same. */
  readonly whole?: Partial<ParametersOf<MethodChoice, K>>;
  /** It finds the weights of the models itself and takes none. */
  readonly unweighted?: true;
  /** What it would find out from data. */
  readonly prepare?: MadeUp;
}

const DATA = { uri: 'not read here' };

/** Of every method, in the order of the proto; one that is missing here does not compile. */
export const FIXTURES: { readonly [K in Case]: Fixture<K> } = {
  linear: { parameters: {} },
  greedySoup: {
    parameters: { data: DATA },
    unweighted: true,
    prepare: keepAllButSecond,
  },
  taskArithmetic: { parameters: {} },
  ties: { parameters: {} },
  passthrough: { parameters: {} },
  // Halfway it would not matter which model is the first.
  slerp: { parameters: { t: 0.3 } },
  nuslerp: { parameters: {} },
  multislerp: { parameters: {} },
  karcher: { parameters: {} },
  dareLinear: { parameters: {} },
  dareTies: { parameters: {} },
  della: { parameters: {} },
  dellaLinear: { parameters: {} },
  breadcrumbs: { parameters: {} },
  breadcrumbsTies: { parameters: {} },
  sce: { parameters: {} },
  ram: { parameters: {} },
  ramplusTl: { parameters: {} },
  modelStock: { parameters: {} },
  nearswap: { parameters: { t: 0.02 } },
  arceeFusion: { parameters: {} },
  learnedSoup: { parameters: { data: DATA }, unweighted: true, prepare: coefficients },
  atlas: { parameters: {}, unweighted: true, prepare: coefficients },
  adaMerging: { parameters: {}, unweighted: true, prepare: coefficients },
  ema: { parameters: { decay: 0.7 }, unweighted: true },
  adapterConcatenate: { parameters: {} },
  adapterLinear: { parameters: {} },
  adapterSvd: { parameters: {} },
  adapterKnots: { parameters: { density: 0.4 }, whole: {} },
  adapterTies: { parameters: { density: 0.4 }, whole: {} },
  adapterDareLinear: { parameters: { density: 0.4 }, whole: {} },
  adapterDareTies: { parameters: { density: 0.4 }, whole: {} },
  adapterMagnitudePrune: { parameters: { density: 0.4 }, whole: {} },
  adapterAverage: { parameters: {}, unweighted: true },
  adapterEma: { parameters: { decay: 0.7 }, unweighted: true },
  extractAdapter: { parameters: {} },
  mixtureOfExperts: { parameters: { gateMode: merge.GateMode.RANDOM } },
  tsvMerge: { parameters: {} },
  isoC: { parameters: {} },
  isoCts: { parameters: {} },
  knotsTies: { parameters: {} },
  // Three hundred steps would take minutes here and show no more.
  wudi: { parameters: { iterations: 10, learningRate: 1e-3 } },
  svc: { parameters: {} },
  opcm: { parameters: {} },
  magmax: { parameters: {} },
  consensus: { parameters: { minTasks: 1 } },
  emr: { parameters: {} },
  fisher: { parameters: {}, prepare: fisherInformation },
  regmean: { parameters: {}, prepare: gramMatrices },
  graft: { parameters: {}, unweighted: true, prepare: masks },
  tallMask: { parameters: {} },
  taskMask: { parameters: { maskUri: 'not read here' }, prepare: masks },
};

type Makes = (typeof DEFINITIONS)[Case]['makes'];
type CaseOf<M> = { [K in Case]: (typeof DEFINITIONS)[K]['makes'] extends M ? K : never }[Case];

/** The methods that make one kind of thing, in the order of the proto. */
export const casesOf = <M extends Makes>(makes: M): readonly CaseOf<M>[] =>
  (Object.keys(DEFINITIONS) as Case[]).filter((name): name is CaseOf<M> => DEFINITIONS[name].makes === makes);

/** The member of the oneof with the parameters of its fixture, or with others. */
export const choiceOf = (name: Case, parameters: object = FIXTURES[name].parameters): MethodChoice =>
  merge.MergeMethod.fromPartial({ kind: { $case: name, value: parameters } as MethodChoice })
    .kind as MethodChoice;
