import { incompatible } from '@eigenloom/errors';
import type { Architecture } from './architecture.js';
import { bert } from './bert.js';
import type { RawConfig } from './config-field.js';
import { llama } from './llama.js';

/** Every family that has a forward pass. */
export const ARCHITECTURES: readonly Architecture[] = [
  bert as unknown as Architecture,
  llama as unknown as Architecture,
];

/** The family of a model by `config.model_type`. */
export function architectureOf(config: RawConfig): Architecture {
  const found = ARCHITECTURES.find(({ modelTypes }) =>
    modelTypes.some((type) => type === config['model_type']),
  );
  if (found !== undefined) return found;
  const known = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes).join(', ');
  throw incompatible(
    'UNSUPPORTED_ARCHITECTURE',
    `no forward pass for model_type ${shown(config['model_type'])}, architectures ${shown(config['architectures'])}; supported: ${known}`,
  );
}

const shown = (value: unknown): string =>
  value === undefined ? '(none)' : JSON.stringify(value).slice(0, 200);
