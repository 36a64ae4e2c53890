export * from '../gen/eigenloom/common/v1/data.js';
export * from '../gen/eigenloom/common/v1/model.js';
