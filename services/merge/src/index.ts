/** Merges models. */
export { mergeKind } from './merge-kind.js';
export { METHODS as TENSOR_METHODS } from './methods/index.js';
export { METHODS } from './make/index.js';
