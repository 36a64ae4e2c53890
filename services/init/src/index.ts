/** Starts of adapters. */
export { initKind } from './kind.js';
