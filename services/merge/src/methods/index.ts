import { internal, invalidInput } from '@eigenloom/errors';
import type { merge } from '@eigenloom/contracts';
import type { MergeStep } from '@eigenloom/numeric';

import { adaMerging } from './ada-merging.js';
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
import type {
  MaskRule,
  MergeMethod,
  MethodCase,
  ModelParameters,
  ParametersOf,
  TensorCase,
  TensorContext,
} from './method.js';
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

/** In the order of the proto; one of the proto that is missing here and has no maker does not compile. */
const BY_CASE: { readonly [K in TensorCase]: MergeMethod<K> } = {
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
};

/** What every method has, whatever its parameters. */
export type AnyMethod = Omit<MergeMethod, 'check' | 'mergeTensor' | 'masksOf' | 'matrixOperations'>;

export const METHODS: readonly AnyMethod[] = Object.values(BY_CASE);

/** A method with the parameters of a request. */
export interface BoundMethod extends AnyMethod {
  check(models: readonly ModelParameters[]): void;
  mergeTensor(tensor: TensorContext): readonly MergeStep[];
  /** 0 for methods without matrices. */
  matrixOperations(tensor: TensorContext): number;
  /** Undefined for methods that write no masks. */
  masksOf(tensor: TensorContext): MaskRule | undefined;
}

/** A member of the oneof, for each of its names: what lets the compiler see that method and parameters belong together. */
type Choice<K extends TensorCase> = {
  readonly [P in K]: { readonly $case: P; readonly value: ParametersOf<P> };
}[K];

/** The method that a request chooses. Errors: `METHOD_MISSING`. */
export function boundMethod({ method }: Pick<merge.MergeRequest, 'method'>): BoundMethod {
  if (method === undefined) {
    throw invalidInput('METHOD_MISSING', 'method', `choose one of ${METHODS.map(({ id }) => id).join(', ')}`);
  }
  if (!isTensorMethod(method)) throw internal('METHOD_HAS_A_MAKER', `${method.$case} merges no tensors`);
  return bind(method);
}

const isTensorMethod = (method: { readonly $case: MethodCase }): method is Choice<TensorCase> =>
  method.$case in BY_CASE;

function bind<K extends TensorCase>({ $case, value }: Choice<K>): BoundMethod {
  const method: MergeMethod<K> = BY_CASE[$case];
  return {
    ...method,
    check: (models) => {
      method.check(value, models);
    },
    mergeTensor: (tensor) => method.mergeTensor(tensor, value),
    matrixOperations: (tensor) => method.matrixOperations?.(tensor, value) ?? 0,
    masksOf: (tensor) => method.masksOf?.(tensor, value),
  };
}
