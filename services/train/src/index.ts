export { TRAIN_METHODS } from './methods/index.js';
export { trainKind } from './train-kind.js';
