/** Merges models. */
export { mergeKind } from './kind.js';
export { DEFINITIONS, METHODS } from './methods/index.js';
export type { MethodFacts } from './steps/method-facts.js';
