import type { ServiceKind } from '@eigenloom/contracts';
import type { AnyJobKind } from '@eigenloom/runtime';

// Each service is loaded when it is needed: together they take a second.
const LOADERS: { readonly [K in ServiceKind]: () => Promise<AnyJobKind> } = {
  init: async () => (await import('@eigenloom/init-service')).initKind,
  train: async () => (await import('@eigenloom/train-service')).trainKind,
  merge: async () => (await import('@eigenloom/merge-service')).mergeKind,
  analysis: async () => (await import('@eigenloom/analysis-service')).analysisKind,
};

/** The services' own job kinds: the same objects that their servers run. */
export const loadKinds = (kinds: readonly ServiceKind[]): Promise<AnyJobKind[]> =>
  Promise.all(kinds.map((kind) => LOADERS[kind]()));
