export * from '../gen/eigenloom/adapters/v1/adapter.js';
export * from '../gen/eigenloom/adapters/v1/low_rank.js';
export * from '../gen/eigenloom/adapters/v1/prompts.js';
export * from '../gen/eigenloom/adapters/v1/scaling.js';
