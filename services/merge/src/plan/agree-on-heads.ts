import { untiedView } from '@eigenloom/checkpoint';

import type { PlannedInput } from './planned.js';

/**
 * Models that are merged with one another. Where an adapter gave one a head of its own, the others have one too: the weight that is their
 * embeddings as well. Models that were stored differently stay as they are, and are refused later.
 */
export function agreeOnHeads<T extends PlannedInput>(inputs: readonly T[]): readonly T[] {
  if (!inputs.some(({ model }) => model.untied)) return inputs;
  return inputs.map((input) => ({ ...input, model: untiedView(input.model) }));
}
