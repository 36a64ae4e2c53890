/** What is learned from: readers of each kind of data, and the order in which examples come. */
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
