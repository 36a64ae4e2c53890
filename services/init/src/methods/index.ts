import { defaultInit } from './default.js';
import { eva } from './eva.js';
import type { ActivationMethod, LayerMethod, MethodCase } from './method.js';
import { pissa } from './pissa.js';

/** Every method of the contract has its entry here, or this does not compile. */
export const METHOD_OF = { default: defaultInit, pissa, eva } satisfies {
  readonly [K in MethodCase]: LayerMethod<K> | ActivationMethod<K>;
};

/** All methods, in the order of the proto. */
export const METHODS = Object.values(METHOD_OF);
