import { incompatible } from '@eigenloom/errors';
import { bert } from './bert.js';
import type { RawConfig } from './config-field.js';
import type { Family } from './family.js';
import { llama } from './llama.js';
import { vit } from './vit.js';

/** Every family that has a forward pass. */
export const FAMILIES: readonly Family[] = [bert, llama, vit];

/** The family of a model by `config.model_type`. */
export function familyOf(config: RawConfig): Family {
  const found = FAMILIES.find(({ modelTypes }) => modelTypes.some((type) => type === config['model_type']));
  if (found !== undefined) return found;
  const known = FAMILIES.flatMap(({ modelTypes }) => modelTypes).join(', ');
  throw incompatible(
    'UNSUPPORTED_ARCHITECTURE',
    `no forward pass for model_type ${shown(config['model_type'])}, architectures ${shown(config['architectures'])}; supported: ${known}`,
  );
}

const shown = (value: unknown): string =>
  value === undefined ? '(none)' : JSON.stringify(value).slice(0, 200);
