import { intruders } from './intruders.js';
import type { AnalysisMethod, MethodCase } from './method.js';
import { spectrum } from './spectrum.js';

/** Every method of the contract has its entry here, or this does not compile. */
export const METHOD_OF: { readonly [K in MethodCase]: AnalysisMethod<K> } = { spectrum, intruders };

/** All methods, in the order of the proto. */
export const METHODS = Object.values(METHOD_OF);
