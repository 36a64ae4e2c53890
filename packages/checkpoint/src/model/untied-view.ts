import type { Model } from './model.js';
import { tiedEmbeddingsOf, untiedConfig } from './tied-embeddings.js';

/**
 * A model with tied embeddings as one with a head of its own, which has the same values; any other model as it is. Beside it a model that
 * an adapter untied has the same tensors.
 */
export function untiedView(model: Model): Model {
  const tied = tiedEmbeddingsOf(model.config, model.tensors);
  const embeddings = tied === undefined ? undefined : model.tensors.get(tied.embeddings);
  if (tied === undefined || embeddings === undefined) return model;
  const { head } = tied;
  const stored = (name: string): string =>
    name === head && !model.tensors.has(head) ? embeddings.name : name;
  return {
    ...{ directory: model.directory, ignored: model.ignored, untied: true },
    ...{ weightFiles: model.weightFiles, carriedFiles: model.carriedFiles, dense: model.dense },
    config: untiedConfig(model.config),
    tensors: new Map([...model.tensors, [head, model.tensors.get(head) ?? { ...embeddings, name: head }]]),
    read: (name, as, options) => model.read(stored(name), as, options),
    readRaw: (name, options) => model.readRaw(stored(name), options),
    countNonFinite: (name, options) => model.countNonFinite(stored(name), options),
    source: (name) => model.source(stored(name)),
  };
}
