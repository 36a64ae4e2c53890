import { basename, join } from 'node:path';

import { sha256File } from '@eigenloom/numeric';
import type { Lineage } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/merge-plan.js';

const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'];

/** Digests of everything that a merge reads. A file that several inputs share is hashed once. */
export async function lineageOf(
  { models, base }: MergePlan,
  data: string | undefined,
  signal: AbortSignal,
): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  const known = new Map<string, Promise<string>>();
  const add = async (role: string, path: string): Promise<void> => {
    const digest = known.get(path) ?? sha256File(path, { signal });
    known.set(path, digest);
    inputs[`${role}/${basename(path)}`] = await digest;
  };
  for (const path of base?.weightFiles.values() ?? []) await add('base', path);
  for (const [index, { model, adapters }] of models.entries()) {
    for (const path of model.weightFiles.values()) await add(`models/${index}`, path);
    for (const [position, folder] of adapters.entries()) {
      for (const name of ADAPTER_FILES) await add(`models/${index}/adapters/${position}`, join(folder, name));
    }
  }
  if (data !== undefined) await add('data', data);
  return { inputs };
}
