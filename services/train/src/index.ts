export { TRAIN_METHODS } from './methods/index.js';
export { trainKind } from './kind.js';
