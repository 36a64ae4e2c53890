/** The mesh: jobs, events, recipes, servers and clients. */
export {
  type ArtifactParts,
  type Contract,
  contractOf,
  KIND_NAMES,
  type KindName,
  type MessageCodec,
  methodOf,
  type RequestOf,
  type ResponseOf,
} from './jobs/contract-of.js';
export type {
  AnyJobKind,
  JobContext,
  JobKind,
  Lineage,
  ProgressUpdate,
  RequestContext,
} from './jobs/job-kind.js';
export { type EmbeddedOptions, startEmbedded } from './embedded.js';
export { type JobsClient } from './client/jobs-client.js';
export type { LocalJobs, UnfinishedJob } from './client/local-jobs.js';
export type { PrunedJob, PruneOptions } from './jobs/prune.js';
export { defaultDataFolder } from './config/data-folder.js';
export { type JobUpdate, type JobView, toJobView } from './client/job-view.js';
export type { NodeTuning } from './node.js';
export { ERROR_DOMAIN, toStatus } from './errors/to-status.js';
export { fromStatus } from './errors/from-status.js';
export { EIGENLOOM_VERSION } from './jobs/manifest.js';
export { assign, choicesOf, choose } from './recipes/assign.js';
export { checkMessage } from './recipes/check-message.js';
export { parseRecipe, requestFromObject } from './recipes/recipe.js';
export { type ClientOptions, createClient } from './client/grpc-client.js';
export { type Config, defaultBackend, readConfig } from './config/config.js';
export { type Running, serve, type ServeOptions } from './serve/serve.js';
export { main, runService, type ServiceOptions } from './serve/run-service.js';
export { createLog } from './telemetry/log.js';
export type { Bus, ConsumeOptions, Consumption, Delivery, Handler, Verdict } from './bus/bus.js';
export type { CloudEvent } from './bus/cloud-event.js';
export type { Change, Entry, KeyValueStore } from './kv/key-value-store.js';
export { type Backbone, connectBackbone } from './serve/backbone.js';
export { jobEvent } from './bus/cloud-event.js';
