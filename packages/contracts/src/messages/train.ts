export * from '../gen/eigenloom/train/v1/objective.js';
export * from '../gen/eigenloom/train/v1/optimizer.js';
export * from '../gen/eigenloom/train/v1/train.js';
export * from '../gen/eigenloom/train/v1/trainable.js';
