export * from '../gen/eigenloom/analysis/v1/analysis.js';
export * from '../gen/eigenloom/analysis/v1/features.js';
export * from '../gen/eigenloom/analysis/v1/study.js';
export * from '../gen/eigenloom/analysis/v1/theory.js';
export * from '../gen/eigenloom/analysis/v1/training.js';
export * from '../gen/eigenloom/analysis/v1/weights.js';
