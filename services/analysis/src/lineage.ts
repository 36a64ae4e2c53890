import { join } from 'node:path';

import { ADAPTER_FILES } from '@eigenloom/checkpoint';
import { sha256File } from '@eigenloom/numeric';
import type { Lineage } from '@eigenloom/runtime';

import type { AnalysisPlan } from './analysis-plan.js';

/** Digests of the weight files that an analysis has read, those of folded adapters included. */
export async function lineageOf(
  { model, base, adapters }: Pick<AnalysisPlan, 'model' | 'base' | 'adapters'>,
  signal: AbortSignal,
): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  for (const [role, { weightFiles }] of Object.entries({ model, ...(base && { base }) })) {
    for (const [name, path] of weightFiles) inputs[`${role}/${name}`] = await sha256File(path, { signal });
  }
  for (const [role, folder] of adapters) {
    for (const name of ADAPTER_FILES)
      inputs[`${role}/${name}`] = await sha256File(join(folder, name), { signal });
  }
  return { inputs };
}
