import { internal } from '@eigenloom/errors';

import { opening } from '../place.js';
import { DenseFile } from './dense-tensors.js';
import { type FoldOptions, type FoldedFolder, kindOf } from './fold-adapters.js';
import type { Model } from './model.js';
import { tiedEmbeddingsOf } from './tied-embeddings.js';

/**
 * A model that has not been made yet, with an adapter, as far as that can be known: whether the adapter fits it, and what has to be folded.
 * Errors: those of the adapter.
 */
export async function plannedFold(
  model: Model,
  { folder, place }: FoldedFolder,
  options: FoldOptions,
): Promise<Model> {
  const { config } = model;
  const tensors = new Map(model.tensors);
  const tied = tiedEmbeddingsOf(config, tensors);
  const shared = tied && tensors.get(tied.embeddings);
  if (tied !== undefined && shared !== undefined && !tensors.has(tied.head))
    tensors.set(tied.head, { ...shared, name: tied.head });
  const { folds } = await opening(place, async () => {
    const kind = await kindOf(folder, options.kinds ?? []);
    return kind.fold(folder, { tensors, config }, options);
  });
  const dense = [...folds].flatMap(([name, fold]) => ('apply' in fold ? (tensors.get(name) ?? []) : []));
  if (dense.length === 0) return model;
  const notYet = (): never => {
    throw internal('MODEL_NOT_MERGED', 'adapters of a planned model were folded');
  };
  return { ...model, dense: new DenseFile(dense, notYet) };
}
