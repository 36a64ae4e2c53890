/** What is learned from: readers of each kind of data, and the order in which examples come. */
export { checkDataRef, type DataRef } from './check-data-ref.js';
export { NamedArrays, type RowBlock, type StoredMatrix } from './arrays/named-arrays.js';
export { BatchOrder, type BatchOrderOptions } from './order/batch-order.js';
export { epochBatches, evaluationBatches } from './order/batches.js';
export {
  checkDataset,
  labelsOf,
  loadDataset,
  streamDataset,
  type DatasetOptions,
  type Example,
} from './text/dataset.js';
export { labelsBeside, openImages, type ImageOptions } from './images/dataset.js';
export type { Channels } from './images/decode.js';
export { firstImages } from './images/first-images.js';
export type { ImageBatch, ImageSet } from './images/image-set.js';
export {
  readProcessed,
  type Preprocessing,
  type ProcessedImages,
  type Size,
  type SizeRule,
} from './images/preprocess.js';
export { parsePreprocessor, readPreprocessor } from './images/preprocessor-config.js';
export type { Filter } from './images/resample.js';
