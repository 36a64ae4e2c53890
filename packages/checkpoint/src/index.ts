export type {
  Adapter,
  AdapterModule,
  AdapterModuleInfo,
  AdapterModuleKind,
  AdapterSettings,
  PeftSettings,
  SavedTensor,
} from './adapter/adapter.js';
export { type AdapterKind, LORA_KIND } from './adapter/adapter-kind.js';
export { parseSettings, patternValue } from './adapter/adapter-config.js';
export * as configFields from './adapter/config-fields.js';
export { ADAPTER_FILES, scalingOf } from './adapter/adapter.js';
export { adapterLabels, withLabels } from './adapter/adapter-labels.js';
export { toPlainLora } from './adapter/convert-adapter.js';
export {
  type AdapterFold,
  type FoldTarget,
  type ModulePlace,
  changesBase,
  needsConversion,
  prepareFold,
} from './adapter/fold-adapter.js';
export { doesNotFit, isStoredTransposed, transpose } from './adapter/orient-pair.js';
export {
  LORA_FORMAT,
  type LoraPart,
  type PeftFormat,
  isOfFormat,
  isTargeted,
} from './adapter/peft-format.js';
export { factorKey, pairKey, pairPart, savedKey } from './adapter/adapter-keys.js';
export { hasName, isInFull, isNamed, plainTargets, taskHeads } from './adapter/target-rules.js';
export { findTensor } from './adapter/find-tensor.js';
export { type OpenedAdapter, type OpenedModule, openAdapter } from './adapter/open-adapter.js';
export { type OpenedPeft, openAdapterWeights, openPeft } from './adapter/open-peft.js';
export { type OpenedPoly, type PolyModule, openPoly } from './adapter/open-poly.js';
export { type LoadedAdapter, readAdapter } from './adapter/read-adapter.js';
export { readAdapterConfig } from './adapter/read-adapter-config.js';
export { type PeftSettingsToWrite, writePeft } from './adapter/write-peft.js';
export {
  type AdapterPlan,
  type AdapterToWrite,
  loraConfig,
  writeAdapter,
  writePlannedAdapter,
} from './adapter/write-adapter.js';
export { targetNames } from './adapter/target-names.js';
export { closest } from './closest.js';
export { pickEntries } from './json/literals.js';
export { parseJson } from './json/parse-json.js';
export { type JsonObject, isObject, orderedJson, readJsonFile, sortedJson } from './json-file.js';
export { matchModules, modulePattern } from './match-modules.js';
export { linearModules, notLinear, selectTargets } from './select-targets.js';
export { isEmbedding, isOutputLayer, storesTransposed } from './module-kind.js';
export { carriedFile, carriedFilesOf, copyCarriedFile } from './model/carried-files.js';
export { type ModelConfig, architecturesOf } from './model/model-config.js';
export type {
  DenseFold,
  FoldedPair,
  Model,
  ModelArrays,
  TensorFold,
  TensorInfo,
  TensorSource,
} from './model/model.js';
export { plannedFold } from './model/planned-fold.js';
export type { DenseTensors } from './model/dense-tensors.js';
export { type TiedEmbeddings, tiedEmbeddingsOf, tiesEmbeddings } from './model/tied-embeddings.js';
export { untiedView } from './model/untied-view.js';
export { type ModelPlaces, type OpenModelOptions, openModel } from './model/open-model.js';
export { type OpenedRef, openModelRef, resolveModelRef } from './model/open-model-ref.js';
export { isStoredBuffer } from './model/stored-buffer.js';
export { type Place, atPlace, opening } from './place.js';
export { type PlannedShard, type ShardPlan, planBytes, planShards } from './model/plan-shards.js';
export { TORCH_NAMES } from './model/stored-dtype.js';
export { type ModelToWrite, writeModel, writeModelFiles } from './model/write-model.js';
export { ArtifactCache, type CacheRequest } from './artifact/artifact-cache.js';
export { type ArtifactCommit, ArtifactStore, readArtifact } from './artifact/artifact-store.js';
export { makeFolder } from './make-folder.js';
export { withFile, writeNew } from './with-file.js';
export { linkOrCopy } from './artifact/link-or-copy.js';
export { syncPath } from './artifact/sync-folder.js';
export type { WrittenDigests } from './artifact/manifest.js';
export { type FinishedFile, FinishedFiles } from './artifact/finished-files.js';
export { DigestCache, type FileDigest } from './digest/digest-cache.js';
export {
  adapterFiles,
  allFiles,
  dataFiles,
  digestsOf,
  type InputFiles,
  modelFiles,
} from './digest/input-files.js';
export { MANIFEST_FILE, type ManifestSource } from './artifact/manifest.js';
export { type ParsedUri, parseUri } from './uri/parse-uri.js';
export {
  type HubLocation,
  type RemoteSource,
  UriResolver,
  type UriResolverOptions,
} from './uri/uri-resolver.js';
