import { invalidInput } from '@eigenloom/errors';
import { nearest } from '@eigenloom/contracts';

import { isOn, mapping, type MethodMapping, type ParameterRule } from './method-mapping.js';
import { TASK_VECTOR_MAPPINGS } from './task-vector-mappings.js';

export type { MethodMapping, ParameterRule } from './method-mapping.js';

const WEIGHT: ParameterRule = { required: true };
const ORIGIN = { base: 'origin', needsBase: true } as const;
const OPTIONAL_ORIGIN = { base: 'origin', needsBase: false } as const;
const AS_MODEL = { base: 'model', needsBase: false } as const;

/** Every method of mergekit 0.1.5, with its parameters and their defaults. */
export const MAPPINGS: readonly MethodMapping[] = [
  mapping({
    ...AS_MODEL,
    id: 'linear',
    case: 'linear',
    models: [1, Infinity],
    method: { normalize: { default: 1 } },
    model: { weight: WEIGHT },
    parameters: ({ normalize }) => ({ normalize: isOn(normalize) }),
  }),
  mapping({
    ...AS_MODEL,
    id: 'passthrough',
    case: 'passthrough',
    models: [1, 1],
    method: {},
    model: { scale: {} },
    parameters: () => ({ scale: undefined }),
  }),
  mapping({
    base: 'first',
    needsBase: true,
    id: 'slerp',
    case: 'slerp',
    models: [2, 2],
    method: { t: { required: true } },
    model: {},
    parameters: ({ t }) => ({ t }),
  }),
  mapping({
    ...OPTIONAL_ORIGIN,
    id: 'nuslerp',
    case: 'nuslerp',
    models: [2, 2],
    method: { nuslerp_row_wise: { default: 0 }, nuslerp_flatten: { default: 1 } },
    model: { weight: WEIGHT },
    parameters: ({ nuslerp_flatten: flatten, nuslerp_row_wise: rowWise }) => ({
      flatten: isOn(flatten),
      rowWise: isOn(rowWise),
    }),
  }),
  mapping({
    ...OPTIONAL_ORIGIN,
    id: 'multislerp',
    case: 'multislerp',
    models: [1, Infinity],
    method: { normalize_weights: { default: 1 }, eps: { default: 1e-8 } },
    model: { weight: WEIGHT },
    parameters: ({ normalize_weights: normalize, eps }) => ({
      normalizeWeights: isOn(normalize),
      epsilon: eps,
    }),
  }),
  mapping({
    ...AS_MODEL,
    id: 'karcher',
    case: 'karcher',
    models: [1, Infinity],
    method: { max_iter: { default: 10, within: 'whole' }, tol: { default: 1e-5 } },
    model: {},
    parameters: ({ max_iter: rounds, tol }) => ({ maxIterations: rounds, tolerance: tol }),
  }),
  ...TASK_VECTOR_MAPPINGS,
  mapping({
    ...ORIGIN,
    id: 'sce',
    case: 'sce',
    models: [1, Infinity],
    method: { int8_mask: {}, select_topk: { default: 1 } },
    model: {},
    parameters: ({ select_topk: share }) => ({ selectTopk: share }),
  }),
  mapping({
    ...ORIGIN,
    id: 'ram',
    case: 'ram',
    models: [1, Infinity],
    method: { epsilon: { default: 1e-5 } },
    model: {},
    parameters: ({ epsilon }) => ({ epsilon }),
  }),
  mapping({
    ...ORIGIN,
    id: 'ramplus_tl',
    case: 'ramplusTl',
    models: [1, Infinity],
    method: { epsilon: { default: 1e-5 }, r: { default: 0.1 }, alpha: { default: 0.2 } },
    model: {},
    parameters: ({ epsilon, r, alpha }) => ({ epsilon, r, alpha }),
  }),
  mapping({
    ...ORIGIN,
    id: 'model_stock',
    case: 'modelStock',
    models: [2, Infinity],
    method: { filter_wise: { default: 0 } },
    model: {},
    parameters: ({ filter_wise: filterWise }) => ({ filterWise: isOn(filterWise) }),
  }),
  mapping({
    ...ORIGIN,
    id: 'nearswap',
    case: 'nearswap',
    models: [1, 1],
    method: { t: { required: true } },
    model: {},
    parameters: ({ t }) => ({ t }),
  }),
  mapping({
    ...ORIGIN,
    id: 'arcee_fusion',
    case: 'arceeFusion',
    models: [1, 1],
    method: {},
    model: {},
    parameters: () => ({}),
  }),
];

/** Names of the parameters of all methods. */
export const KNOWN_PARAMETERS: readonly string[] = [
  ...new Set(MAPPINGS.flatMap(({ method, model }) => [...Object.keys(method), ...Object.keys(model)])),
];

/** Errors: `METHOD_MISSING`, `UNKNOWN_METHOD` with a suggestion. */
export function mappingNamed(name: unknown, at: string): MethodMapping {
  const ids = MAPPINGS.map(({ id }) => id);
  if (name === undefined) throw invalidInput('METHOD_MISSING', at, `choose one of ${ids.join(', ')}`);
  const found = MAPPINGS.find(({ id }) => id === name);
  if (found !== undefined) return found;
  if (typeof name !== 'string') throw invalidInput('WRONG_TYPE', at, 'must be a string');
  const near = nearest(name, ids);
  const hint = near === undefined ? `choose one of ${ids.join(', ')}` : `did you mean ${near}?`;
  throw invalidInput('UNKNOWN_METHOD', at, `${name.slice(0, 64)} is no method of mergekit; ${hint}`);
}
