/** Starts of adapters. */
export { initKind } from './init-kind.js';
