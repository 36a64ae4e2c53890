import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

import type { Model } from '@eigenloom/checkpoint';
import { sha256File } from '@eigenloom/numeric';
import type { Lineage } from '@eigenloom/runtime';

import type { MergePlan } from '../plan/merge-plan.js';

const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors'];

/** Digests of everything that a merge reads, by role and file name. A file that several inputs share is hashed once. */
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
  const addModel = async (role: string, model: Model, adapters: readonly string[]): Promise<void> => {
    for (const path of model.weightFiles.values()) await add(role, path);
    for (const [position, folder] of adapters.entries()) {
      for (const name of ADAPTER_FILES) await add(`${role}/adapters/${position}`, join(folder, name));
    }
  };
  if (base !== undefined) await addModel('base', base.model, base.adapters);
  for (const [index, { model, adapters }] of models.entries())
    await addModel(`models/${index}`, model, adapters);
  if (data !== undefined) await add('data', data);
  return { inputs };
}

/** Role in the lineage of what a URI field of the request names. */
function roleOf(field: string): string {
  const [, index, position] = /^models\[(\d+)\]\.model\.(?:uri|adapters\[(\d+)\])$/.exec(field) ?? [];
  if (index !== undefined) return `models/${index}${position === undefined ? '' : `/adapters/${position}`}`;
  const adapter = /^base\.adapters\[(\d+)\]$/.exec(field)?.[1];
  if (adapter !== undefined) return `base/adapters/${adapter}`;
  return field === 'base.uri' ? 'base' : 'data';
}

/**
 * What a URI field names, by its content: `sha256:` and the digest over the digests of its files. The same wherever the files lie, so
 * that what is written with it does not depend on where a merge ran.
 */
export function contentIdOf(field: string, { inputs }: Lineage): string {
  const role = `${roleOf(field)}/`;
  const own = Object.entries(inputs).filter(
    ([key]) => key.startsWith(role) && !key.slice(role.length).includes('/'),
  );
  const lines = own.map(([key, digest]) => `${digest} ${key.slice(role.length)}\n`).sort();
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
}
