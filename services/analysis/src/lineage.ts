import type { Model } from '@eigenloom/checkpoint';
import { sha256File } from '@eigenloom/numeric';
import type { Lineage } from '@eigenloom/runtime';

/** Digests of the weight files that an analysis has read. */
export async function lineageOf(
  { model, base }: { readonly model: Model; readonly base: Model | undefined },
  signal: AbortSignal,
): Promise<Lineage> {
  const inputs: Record<string, string> = {};
  for (const [role, { weightFiles }] of Object.entries({ model, ...(base && { base }) })) {
    for (const [name, path] of weightFiles) inputs[`${role}/${name}`] = await sha256File(path, { signal });
  }
  return { inputs };
}
