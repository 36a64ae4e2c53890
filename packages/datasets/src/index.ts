/** What is learned from: readers of each kind of data, their order and where they stand. */
export { checkDataRef, type DataRef } from './check-data-ref.js';
