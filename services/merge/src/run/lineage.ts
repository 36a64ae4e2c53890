import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

import { ADAPTER_FILES } from '@eigenloom/checkpoint';
import { internal } from '@eigenloom/errors';
import type { Lineage } from '@eigenloom/runtime';

import type { ReadInput } from '../plan/planned.js';
import { InputDigests } from './input-digests.js';

/** Digests of everything that a merge reads, by role and file name. What is not known yet is hashed, each file once. */
export async function lineageOf(
  read: readonly ReadInput[],
  signal: AbortSignal,
  digests = new InputDigests(),
): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  const add = async (role: string, path: string): Promise<void> => {
    inputs[`${role}/${basename(path)}`] = await digests.of(path, signal);
  };
  for (const { role, files, adapters } of read) {
    if (role === undefined) continue;
    for (const path of files) await add(role, path);
    for (const [position, folder] of adapters.entries()) {
      for (const name of ADAPTER_FILES) await add(`${role}/adapters/${position}`, join(folder, name));
    }
  }
  return { inputs };
}

/** Role in the lineage of what a URI field of the request names. */
function roleOf(field: string, read: readonly ReadInput[]): string {
  for (const { fields } of read) {
    const role = fields.get(field);
    if (role !== undefined) return role;
  }
  throw internal('UNKNOWN_ROLE', `${field} names nothing that was read`);
}

/**
 * What a URI field names, by its content: `sha256:` and the digest over the digests of its files. The same wherever the files lie, so
 * that what is written with it does not depend on where a merge ran.
 */
export function contentIdOf(field: string, { inputs }: Lineage, read: readonly ReadInput[]): string {
  const role = `${roleOf(field, read)}/`;
  const own = Object.entries(inputs).filter(
    ([key]) => key.startsWith(role) && !key.slice(role.length).includes('/'),
  );
  const lines = own.map(([key, digest]) => `${digest} ${key.slice(role.length)}\n`).sort();
  return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
}
