import { incompatible } from '@eigenloom/errors';

import type { PlannedInput } from './planned.js';

/**
 * Models of different families, or one with tied and one with untied embeddings, do not fit whatever their shapes.
 * Errors: `INCOMPATIBLE_MODELS`.
 */
export function checkFamilies(inputs: readonly PlannedInput[]): void {
  for (const key of ['model_type', 'tie_word_embeddings']) {
    const stated = inputs.filter(({ model }) => model.config[key] !== undefined);
    const [first, ...others] = stated;
    const other = others.find(({ model }) => model.config[key] !== first?.model.config[key]);
    if (first === undefined || other === undefined) continue;
    const value = ({ model }: PlannedInput): string => JSON.stringify(model.config[key]).slice(0, 60);
    throw incompatible(
      'INCOMPATIBLE_MODELS',
      `${key} is ${value(first)} in ${first.label} and ${value(other)} in ${other.label}`,
    );
  }
}
