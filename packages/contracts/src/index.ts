/** The contract of Eigenloom: messages, services and event subjects, generated from proto/; and the registry of methods by its oneofs. */
export * as adapters from './messages/adapters.js';
export * as analysis from './messages/analysis.js';
export * as common from './messages/common.js';
export * as init from './messages/init.js';
export * as jobs from './gen/eigenloom/jobs/v1/jobs.js';
export * as merge from './messages/merge.js';
export * as pipeline from './gen/eigenloom/pipeline/v1/pipeline.js';
export * as train from './messages/train.js';
export * as longrunning from './gen/google/longrunning/operations.js';
export * as any from './gen/google/protobuf/any.js';
export * as duration from './gen/google/protobuf/duration.js';
export * as errorDetails from './gen/google/rpc/error_details.js';
export * as status from './gen/google/rpc/status.js';
export { chosenMerge } from './mergekit/chosen-merge.js';
export { documentField, isMergekitDocument } from './mergekit/map-references.js';
export { type MergekitReference, readReference } from './mergekit/model-reference.js';
export { nearest } from './nearest.js';
export { mapUris } from './uris/map-uris.js';
export { parseMergekitDocuments, parseYaml } from './yaml/parse-yaml.js';
export { descriptorSetPath } from './descriptors.js';
export { type FieldText, messageText, type MessageText } from './documentation.js';
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
