/** Spectra and intruder dimensions of models. */
export { analysisKind } from './kind.js';
