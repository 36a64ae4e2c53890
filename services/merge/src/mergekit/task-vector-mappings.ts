import { isOn, mapping, type MethodMapping, type ParameterRule, type Values } from './method-mapping.js';

const WEIGHT: ParameterRule = { required: true };
const DENSITY: ParameterRule = { default: 1, within: 'share' };

type Shared = Readonly<Record<string, ParameterRule>>;
const shared = (normalize: 0 | 1, rescale: ParameterRule): Shared => ({
  // Saves memory in mergekit; changes no number.
  int8_mask: {},
  normalize: { default: normalize },
  rescale,
  lambda: { default: 1 },
});
const RESCALES: ParameterRule = { default: 1 };
const NEVER_RESCALES: ParameterRule = { default: 0, only: 0 };

const ofTaskVectors = { base: 'origin', needsBase: true, models: [1, Infinity] } as const;

/** mergekit divides by nothing where the weights of a tensor add up to nothing. */
const dividesBy = ({ normalize }: Values, weights: readonly number[]): boolean =>
  isOn(normalize) && Math.abs(weights.reduce((sum, weight) => sum + weight, 0)) >= 1e-8;

/** The methods that mergekit makes of one: sparsify task vectors, elect signs or not, add. Densities are those of the models. */
export const TASK_VECTOR_MAPPINGS: readonly MethodMapping[] = [
  mapping({
    ...ofTaskVectors,
    id: 'task_arithmetic',
    case: 'taskArithmetic',
    // Nothing is dropped, so there is nothing to rescale.
    method: shared(0, {}),
    model: { weight: WEIGHT },
    parameters: (values, weights) => ({ lambda: values['lambda'], normalize: dividesBy(values, weights) }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'ties',
    case: 'ties',
    method: shared(1, NEVER_RESCALES),
    model: { weight: WEIGHT, density: DENSITY },
    parameters: ({ lambda, normalize }) => ({ density: undefined, lambda, normalize: isOn(normalize) }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'dare_linear',
    case: 'dareLinear',
    method: shared(0, RESCALES),
    model: { weight: WEIGHT, density: DENSITY },
    parameters: (values, weights) => ({
      density: undefined,
      lambda: values['lambda'],
      normalize: dividesBy(values, weights),
      rescale: isOn(values['rescale']),
    }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'dare_ties',
    case: 'dareTies',
    method: shared(0, RESCALES),
    model: { weight: WEIGHT, density: DENSITY },
    parameters: ({ lambda, normalize, rescale }) => ({
      density: undefined,
      lambda,
      normalize: isOn(normalize),
      rescale: isOn(rescale),
    }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'della',
    case: 'della',
    method: shared(1, RESCALES),
    model: { weight: WEIGHT, density: DENSITY, epsilon: { default: 0.15 } },
    parameters: ({ lambda, normalize, rescale }) => ({
      density: undefined,
      epsilon: undefined,
      lambda,
      normalize: isOn(normalize),
      rescale: isOn(rescale),
    }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'della_linear',
    case: 'dellaLinear',
    method: shared(0, RESCALES),
    model: { weight: WEIGHT, density: DENSITY, epsilon: { default: 0.15 } },
    parameters: (values, weights) => ({
      density: undefined,
      epsilon: undefined,
      lambda: values['lambda'],
      normalize: dividesBy(values, weights),
      rescale: isOn(values['rescale']),
    }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'breadcrumbs',
    case: 'breadcrumbs',
    method: shared(0, NEVER_RESCALES),
    model: { weight: WEIGHT, density: DENSITY, gamma: { default: 0.01 } },
    parameters: (values, weights) => ({
      density: undefined,
      gamma: undefined,
      lambda: values['lambda'],
      normalize: dividesBy(values, weights),
    }),
  }),
  mapping({
    ...ofTaskVectors,
    id: 'breadcrumbs_ties',
    case: 'breadcrumbsTies',
    method: shared(0, NEVER_RESCALES),
    model: { weight: WEIGHT, density: DENSITY, gamma: { default: 0.01 } },
    parameters: ({ lambda, normalize }) => ({
      density: undefined,
      gamma: undefined,
      lambda,
      normalize: isOn(normalize),
    }),
  }),
];
