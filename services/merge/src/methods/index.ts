import {
  type Definition,
  type merge,
  type ParametersOf,
  type Registry,
  registry,
} from '@eigenloom/contracts';
import { internal } from '@eigenloom/errors';

import type { AdapterMethod } from '../adapters/steps/adapter-method.js';
import type { ModelMethod } from '../prepare/model-method.js';
import type { MethodFacts } from '../steps/method-facts.js';
import { adaMerging } from './ada-merging.js';
import { adapterAverage } from './adapters/average.js';
import { adapterConcatenate } from './adapters/concatenate.js';
import { adapterDareLinear } from './adapters/dare-linear.js';
import { adapterDareTies } from './adapters/dare-ties.js';
import { adapterEma } from './adapters/ema.js';
import { adapterKnots } from './adapters/knots.js';
import { adapterLinear } from './adapters/linear.js';
import { adapterMagnitudePrune } from './adapters/magnitude-prune.js';
import { adapterSvd } from './adapters/svd.js';
import { adapterTies } from './adapters/ties.js';
import { arceeFusion } from './arcee-fusion.js';
import { atlas } from './atlas.js';
import { breadcrumbsTies } from './breadcrumbs-ties.js';
import { breadcrumbs } from './breadcrumbs.js';
import { consensus } from './consensus.js';
import { dareLinear } from './dare-linear.js';
import { dareTies } from './dare-ties.js';
import { dellaLinear } from './della-linear.js';
import { della } from './della.js';
import { ema } from './ema.js';
import { emr } from './emr.js';
import { extractAdapter, type Extraction } from './extract-adapter.js';
import { fisher } from './fisher.js';
import { graft } from './graft.js';
import { greedySoup } from './greedy-soup.js';
import { isoC } from './iso-c.js';
import { isoCts } from './iso-cts.js';
import { karcher } from './karcher.js';
import { knotsTies } from './knots-ties.js';
import { learnedSoup } from './learned-soup.js';
import { linear } from './linear.js';
import { magmax } from './magmax.js';
import { type Mixture, mixtureOfExperts } from './mixture-of-experts.js';
import { modelStock } from './model-stock.js';
import { multislerp } from './multislerp.js';
import { nearswap } from './nearswap.js';
import { nuslerp } from './nuslerp.js';
import { opcm } from './opcm.js';
import { passthrough } from './passthrough.js';
import { ram } from './ram.js';
import { ramplusTl } from './ramplus-tl.js';
import { regmean } from './regmean.js';
import { sce } from './sce.js';
import { slerp } from './slerp.js';
import { svc } from './svc.js';
import { tallMask } from './tall-mask.js';
import { taskArithmetic } from './task-arithmetic.js';
import { taskMask } from './task-mask.js';
import { ties } from './ties.js';
import { tsvMerge } from './tsv-merge.js';
import { wudi } from './wudi.js';

/** A member of the request's oneof. */
export type MethodChoice = NonNullable<merge.MergeMethod['kind']>;

/** A method with its parameters, by what it makes. */
export type MergeMethod = ModelMethod | AdapterMethod | Extraction | Mixture;

/** In the order of the proto; one of the proto that is missing here does not compile. */
export const DEFINITIONS = {
  linear,
  greedySoup,
  taskArithmetic,
  ties,
  passthrough,
  slerp,
  nuslerp,
  multislerp,
  karcher,
  dareLinear,
  dareTies,
  della,
  dellaLinear,
  breadcrumbs,
  breadcrumbsTies,
  sce,
  ram,
  ramplusTl,
  modelStock,
  nearswap,
  arceeFusion,
  learnedSoup,
  atlas,
  adaMerging,
  ema,
  adapterConcatenate,
  adapterLinear,
  adapterSvd,
  adapterKnots,
  adapterTies,
  adapterDareLinear,
  adapterDareTies,
  adapterMagnitudePrune,
  adapterAverage,
  adapterEma,
  extractAdapter,
  mixtureOfExperts,
  tsvMerge,
  isoC,
  isoCts,
  knotsTies,
  wudi,
  svc,
  opcm,
  magmax,
  consensus,
  emr,
  fisher,
  regmean,
  graft,
  tallMask,
  taskMask,
} as const satisfies {
  readonly [K in MethodChoice['$case']]: MethodFacts &
    Definition<ParametersOf<MethodChoice, K>, MergeMethod> & { readonly makes: MergeMethod['makes'] };
};

type Case = MethodChoice['$case'];
/** The methods that make a model of models. */
export type ModelCase = { [K in Case]: (typeof DEFINITIONS)[K]['makes'] extends 'model' ? K : never }[Case];
export type ModelChoice = Extract<MethodChoice, { readonly $case: ModelCase }>;

/** All methods. */
export const METHODS: Registry<MethodChoice, MergeMethod> = registry<MethodChoice, MergeMethod>(
  'method',
  DEFINITIONS,
);

/** A method that makes a model of models, with its parameters. Errors: those of the method. */
export function modelMethodOf(choice: ModelChoice): ModelMethod {
  const { method } = METHODS.create(choice);
  if (method.makes !== 'model') throw internal('NOT_A_MODEL', `${method.id} makes no model of models`);
  return method;
}
