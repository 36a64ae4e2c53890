import { common } from '@eigenloom/contracts';
import type { KindName, ResponseOf } from './contract-of.js';

/**
 * A record holds request and response in 960 KiB, a request takes 256 KiB at most, and both are written in base64: 440 KiB are left for a
 * response. Two lists of files fit into that, whatever was made; the artifacts' manifests name all.
 */
const LIST_BYTES = 120 * 1024;

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

const fitted = (artifact: common.Artifact | undefined, bytes?: number): common.Artifact | undefined =>
  artifact === undefined ? undefined : fitArtifact(artifact, bytes);

const FIT: { readonly [K in KindName]: (response: ResponseOf[K]) => ResponseOf[K] } = {
  init: ({ adapter, residual, ...rest }) => ({
    ...rest,
    adapter: fitted(adapter),
    residual: fitted(residual),
  }),
  train: (response) => ({ ...response, artifact: fitted(response.artifact) }),
  merge: (response) => ({ ...response, model: fitted(response.model) }),
  analysis: (response) => ({ ...response, result: fitted(response.result) }),
  // As it is made: every step has its share.
  pipeline: ({ steps }) => {
    const share = Math.floor(LIST_BYTES / steps.length);
    return {
      steps: steps.map((step) => ({
        ...step,
        artifact: fitted(step.artifact, share),
        residual: fitted(step.residual, share),
      })),
    };
  },
};

/** A response that can be kept and sent, however much was made: lists of files are shortened as the contract says. */
export function fitResponse<K extends KindName>(kind: K, response: ResponseOf[K]): ResponseOf[K] {
  return FIT[kind](response);
}
