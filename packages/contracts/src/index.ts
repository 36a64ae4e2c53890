/** The contract of Eigenloom: messages, services and event subjects, generated from proto/; and the registry of methods by its oneofs. */
export * as analysis from './gen/eigenloom/analysis/v1/analysis.js';
export * as common from './gen/eigenloom/common/v1/model.js';
export * as init from './gen/eigenloom/init/v1/init.js';
export * as jobs from './gen/eigenloom/jobs/v1/jobs.js';
export * as merge from './gen/eigenloom/merge/v1/merge.js';
export * as pipeline from './gen/eigenloom/pipeline/v1/pipeline.js';
export * as train from './gen/eigenloom/train/v1/train.js';
export * as longrunning from './gen/google/longrunning/operations.js';
export * as any from './gen/google/protobuf/any.js';
export * as duration from './gen/google/protobuf/duration.js';
export * as errorDetails from './gen/google/rpc/error_details.js';
export * as status from './gen/google/rpc/status.js';
export { descriptorSetPath } from './descriptors.js';
export { eventSubject, EVENT_SOURCE, type EventName, type ServiceKind, SERVICE_KINDS } from './events.js';
export {
  type Choice,
  type Chosen,
  type Definition,
  type Definitions,
  methodId,
  type MethodInfo,
  type MethodText,
  type ParametersOf,
  registry,
  type Registry,
} from './registry/registry.js';
