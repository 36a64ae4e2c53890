import { methodId, type MethodInfo, type ParametersOf, registry } from '@eigenloom/contracts';

import type { AdapterChoice } from './choice.js';
import type { AdapterDefinition } from './definition.js';
import { dora } from './dora/index.js';
import { lora } from './lora/index.js';
import type { Parametrisation } from './parametrisation.js';
import { prefixTuning } from './prefix-tuning/index.js';
import { ssf } from './ssf/index.js';
import { vera } from './vera/index.js';

/** Every kind of adapter, one line each. */
export const DEFINITIONS: {
  readonly [K in AdapterChoice['$case']]: AdapterDefinition<ParametersOf<AdapterChoice, K>>;
} = { lora, dora, vera, ssf, prefixTuning };

/** The kinds of adapters that a request may choose. */
export const ADAPTERS = registry<AdapterChoice, Parametrisation>('adapter', DEFINITIONS);

/** What is said of the kind that an adapter is of. */
export function kindOfAdapter({ format }: Pick<Parametrisation, 'format'>): MethodInfo {
  const kinds: [string, Pick<AdapterDefinition<never>, 'format'>][] = Object.entries(DEFINITIONS);
  const name = kinds.find(([, definition]) => definition.format === format)?.[0] ?? '';
  const info = ADAPTERS.methods.find(({ id }) => id === methodId(name));
  if (info === undefined) throw new Error(`${format.peftType} is no kind of adapter`);
  return info;
}
