/** Merges models. */
export { mergeKind } from './merge-kind.js';
export { METHODS } from './methods/index.js';
