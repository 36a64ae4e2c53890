/**
 * Merges models. The rooms, each of which imports only those before it:
 *
 * - `steps/`: what methods have in common, without a model at hand: facts, checks of numbers, programs for the core.
 * - `plan/`: what a merge will read and write, tensor by tensor; only headers have been read. `estimate.ts` is its price.
 * - `run/`: merges the tensors of a plan from disk to disk, and takes up what an earlier attempt finished.
 * - `interference/`: how task vectors get in each other's way.
 * - `write/`: everything of an artifact beside the weights: masks, card, report.
 * - `prepare/`: what is found out from data before the first tensor is merged: searches, soups, grafts, statistics.
 * - `adapters/`: the same house for adapters: `steps/ plan/ estimate.ts run/ write/`.
 * - `methods/`: one paper, one file, and the one list of them; `methods/adapters/` has those that make an adapter of adapters.
 * - `extract/`, `mixture/`: results that are neither a merged model nor a merged adapter.
 * - `mergekit/`: configurations of mergekit as plans.
 * - `make/`: from a request to its artifact, by what the method makes.
 */
export { mergeKind } from './kind.js';
export { DEFINITIONS, METHODS } from './methods/index.js';
export type { MethodFacts } from './steps/method-facts.js';
