export * from '../gen/eigenloom/init/v1/init.js';
export * from '../gen/eigenloom/init/v1/start.js';
