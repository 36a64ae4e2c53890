/** What is added to a model: one parametrisation, one folder. */
export { type AdapterToWrite, readAdapterFolder, writeAdapterFolder } from './adapter-folder.js';
export type { AdapterChoice } from './choice.js';
export type { AdapterDefinition, AdapterFiles } from './definition.js';
export { type FittedAdapter, type FittedFactor, fitAdapter } from './fit-adapter.js';
export { openModel, openModelRef, plannedFold } from './open-model.js';
export { type PlacedAdapter, placeAdapter } from './place-adapter.js';
export {
  type AdapterTensor,
  type FactorValues,
  type PairTerms,
  type Parametrisation,
  type RankAndAlpha,
  type Site,
  type SiteKind,
  type StartSource,
  factorName,
} from './parametrisation.js';
export { ADAPTERS, kindOfAdapter } from './registry.js';
export { candidates, sitesOf } from './sites.js';
export { kaimingUniform } from './start-values.js';
