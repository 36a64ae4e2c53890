/** Spectra and intruder dimensions of models. */
export { analysisKind } from './analysis-kind.js';
