/** Merges models. */
export { mergeKind } from './merge-kind.js';
