import { common, init, merge, type train } from '@eigenloom/contracts';
import type { KindName, ResponseOf } from './contract-of.js';

/**
 * A record holds request and response in 960 KiB, a request takes 256 KiB at most, and both are written in base64: 440 KiB are left for a
 * response. Two lists of files and one of modules fit into that, whatever was made; the artifact's own files have everything.
 */
const LIST_BYTES = 120 * 1024;
const LOSSES = 20_000;
const EVALUATIONS = 2_000;

/** As many of the items, in order, as take so many bytes. */
function first<T>(items: readonly T[], bytes: number, bytesOf: (item: T) => number): T[] {
  let left = bytes;
  const end = items.findIndex((item) => (left -= bytesOf(item)) < 0);
  return items.slice(0, end < 0 ? items.length : end);
}

/** An artifact that names the first of its files, where there are too many for an answer. */
export function fitArtifact(artifact: common.Artifact, bytes = LIST_BYTES): common.Artifact {
  const sizeOf = (file: common.ArtifactFile): number => common.ArtifactFile.encode(file).finish().length + 4;
  return { ...artifact, files: first(artifact.files, bytes, sizeOf) };
}

const fitted = (artifact: common.Artifact | undefined): common.Artifact | undefined =>
  artifact === undefined ? undefined : fitArtifact(artifact);

function fitInit(response: init.InitAdapterResponse): init.InitAdapterResponse {
  const { adapter, residual, ranks } = response;
  const sizeOf = ([key, value]: [string, number]): number =>
    init.InitAdapterResponse_RanksEntry.encode({ key, value }).finish().length + 4;
  const kept = first(Object.entries(ranks), LIST_BYTES, sizeOf);
  return {
    ...response,
    adapter: fitted(adapter),
    residual: fitted(residual),
    ranks: Object.fromEntries(kept),
  };
}

function fitMerge(response: merge.MergeResponse): merge.MergeResponse {
  const sizeOf = (module: merge.AdapterModuleReport): number =>
    merge.AdapterModuleReport.encode(module).finish().length + 4;
  return { ...response, model: fitted(response.model), modules: first(response.modules, LIST_BYTES, sizeOf) };
}

const everyNth = (length: number, most: number): number => Math.max(1, Math.ceil(length / most));

function fitTrain(response: train.TrainResponse): train.TrainResponse {
  const { artifact, losses, evaluations, bestStep } = response;
  const step = everyNth(losses.length, LOSSES);
  const apart = everyNth(evaluations.length, EVALUATIONS);
  return {
    ...response,
    artifact: fitted(artifact),
    losses: losses.filter((_, index) => index % step === 0),
    evaluations: evaluations.filter(
      (each, index) => index % apart === 0 || each.step === bestStep || index === evaluations.length - 1,
    ),
  };
}

const FIT: { readonly [K in KindName]: (response: ResponseOf[K]) => ResponseOf[K] } = {
  init: fitInit,
  train: fitTrain,
  merge: fitMerge,
  analysis: (response) => ({ ...response, result: fitted(response.result) }),
  // As it is made: every step has its share.
  pipeline: ({ steps }) => ({
    steps: steps.map((step) => ({
      ...step,
      artifact: shared(step.artifact, steps),
      residual: shared(step.residual, steps),
    })),
  }),
};

const shared = (
  artifact: common.Artifact | undefined,
  { length }: readonly unknown[],
): common.Artifact | undefined =>
  artifact === undefined ? undefined : fitArtifact(artifact, Math.floor(LIST_BYTES / length));

/** A response that can be kept and sent, however much was made: long lists are shortened as the contract says. */
export function fitResponse<K extends KindName>(kind: K, response: ResponseOf[K]): ResponseOf[K] {
  return FIT[kind](response);
}
