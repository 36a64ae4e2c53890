import { type AdapterModuleInfo, pairKey, savedKey, writePlannedAdapter } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';
import { type CallOptions, MergeJob, type SafetensorsWriter } from '@eigenloom/numeric';

import type { PairStore } from './pair-store.js';
import type { AdapterMergePlan, PlannedSaved } from '../plan/planned.js';

/** An adapter of which everything has been computed. */
export interface StoredAdapter {
  readonly settings: AdapterMergePlan['settings'];
  readonly saved: ReadonlyMap<string, PlannedSaved>;
  /** In order of path. */
  readonly infos: ReadonlyMap<string, AdapterModuleInfo>;
  readonly store: PairStore;
  /** Undefined where the request cannot allow it. */
  readonly allowNonFinite?: boolean | undefined;
}

/**
 * Lays out an adapter in PEFT's format: pairs from the store, tensors in full streamed through the core.
 * Errors: `NON_FINITE_INPUT`, `NON_FINITE_RESULT`, `DISK_FULL`.
 */
export async function writeStoredPairs(
  staging: string,
  { settings, saved, infos, store, allowNonFinite }: StoredAdapter,
  options: CallOptions,
): Promise<void> {
  await writePlannedAdapter(
    staging,
    { modules: infos, savedTensors: saved, settings: { ...settings, ...commonRank([...infos.values()]) } },
    async (writer) => {
      for (const [module, { kind }] of infos) {
        const { a, b } = await store.read(module);
        await writer.write(pairKey(module, kind, 'a'), a, options);
        await writer.write(pairKey(module, kind, 'b'), b, options);
      }
      await writeSaved(saved, infos, writer, { ...options, allowNonFinite: allowNonFinite ?? false });
    },
    { ...options, allowNonFinite },
  );
}

/** Rank and alpha of the config: those of the module of largest rank; others are patterns. */
function commonRank(infos: readonly AdapterModuleInfo[]): { rank: number; alpha: number } {
  const [first, ...others] = infos;
  if (first === undefined) return { rank: 1, alpha: 1 };
  const { rank, alpha } = others.reduce(
    (largest, info) => (info.rank > largest.rank ? info : largest),
    first,
  );
  return { rank, alpha };
}

async function writeSaved(
  saved: ReadonlyMap<string, PlannedSaved>,
  infos: StoredAdapter['infos'],
  writer: SafetensorsWriter,
  options: CallOptions & { readonly allowNonFinite: boolean },
): Promise<void> {
  if (saved.size === 0) return;
  const job = new MergeJob();
  for (const [name, { sources }] of saved) {
    const weights = sources.map(({ weight }) => weight);
    const steps = [
      { step: 'weigh', weights },
      { step: 'sum', divisor: 'one', weights },
    ] as const;
    job.add({ name: savedKey(name, infos), models: sources.map(({ source }) => source), steps }, writer);
  }
  const { nonFinite } = await job.run(options);
  const [first] = nonFinite;
  if (first === undefined || options.allowNonFinite) return;
  throw incompatible(
    'NON_FINITE_INPUT',
    `tensor ${JSON.stringify(first.tensor)} has ${first.count} NaN or infinite values`,
    { details: { tensor: first.tensor, count: String(first.count) } },
  );
}
