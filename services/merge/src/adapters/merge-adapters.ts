import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type AdapterModuleInfo,
  type AdapterPlan,
  pairKey,
  savedKey,
  writePlannedAdapter,
} from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { type CallOptions, MergeJob, type SafetensorsWriter } from '@eigenloom/numeric';

import type { MergedPair } from './adapter-method.js';
import { measure } from './measure.js';
import { checkFinitePairs, pairKernels } from './pair-kernels.js';
import { PairStore } from './pair-store.js';
import type { AdapterMergePlan, PlannedModule, PlannedSaved } from './planned.js';

export interface AdapterRun {
  readonly allowNonFinite: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** A folder for what is between; it does not exist yet. */
  readonly folder: string;
}

/** Merges the adapters of a plan and writes the result in PEFT's format. Errors: `NON_FINITE_INPUT`, `DISK_FULL`. */
export async function mergeAdapters(
  staging: string,
  plan: AdapterMergePlan,
  run: AdapterRun,
): Promise<merge.AdapterModuleReport[]> {
  await mkdir(run.folder, { recursive: true });
  const store = await PairStore.create(join(run.folder, 'pairs'));
  const options = { signal: run.signal };
  const infos = new Map<string, AdapterModuleInfo>();
  const reports: merge.AdapterModuleReport[] = [];
  try {
    for (const module of plan.modules) {
      if (!run.allowNonFinite) await checkFinitePairs(module, options);
      const kernels = pairKernels(module, { seed: plan.seed, folder: run.folder, options });
      const merged = rounded(await plan.method.mergePairs(module, kernels));
      reports.push({ module: module.module, rank: merged.rank, ...(await measure(module, merged, kernels)) });
      await store.add(module.module, merged.a, merged.b);
      infos.set(module.module, infoOf(module, merged));
      run.onProgress(reports.length / plan.modules.length);
    }
    await writeMerged(staging, { plan, infos, store }, options);
  } finally {
    await store.remove();
    await rm(run.folder, { recursive: true, force: true });
  }
  return [...reports, ...[...plan.saved.keys()].map((module) => ({ module, rank: 0, norm: 0, error: 0 }))];
}

/** In f32, as it is stored. */
const rounded = (pair: MergedPair): MergedPair & { a: Float32Array; b: Float32Array } => ({
  ...pair,
  a: new Float32Array(pair.a),
  b: new Float32Array(pair.b),
});

const infoOf = (
  { kind, rows, aTail, bTail }: PlannedModule,
  { rank, scaling }: MergedPair,
): AdapterModuleInfo => ({
  kind,
  aShape: [rank, ...aTail],
  bShape: [rows, rank, ...bTail],
  rank,
  alpha: scaling * rank,
  scaling,
});

interface Merged {
  readonly plan: AdapterMergePlan;
  readonly infos: ReadonlyMap<string, AdapterModuleInfo>;
  readonly store: PairStore;
}

async function writeMerged(
  staging: string,
  { plan, infos, store }: Merged,
  options: CallOptions,
): Promise<void> {
  const layout: AdapterPlan = {
    modules: infos,
    savedTensors: plan.saved,
    settings: { ...plan.settings, ...commonRank([...infos.values()]) },
  };
  await writePlannedAdapter(
    staging,
    layout,
    async (writer) => {
      for (const [module, { kind }] of infos) {
        const { a, b } = await store.read(module);
        await writer.write(pairKey(module, kind, 'a'), a, options);
        await writer.write(pairKey(module, kind, 'b'), b, options);
      }
      await writeSaved(plan.saved, writer, options);
    },
    options,
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

/** Streams tensors in full through the core. */
export async function writeSaved(
  saved: ReadonlyMap<string, PlannedSaved>,
  writer: SafetensorsWriter,
  options: CallOptions,
): Promise<void> {
  if (saved.size === 0) return;
  const job = new MergeJob();
  for (const [name, { sources }] of saved) {
    const weights = sources.map(({ weight }) => weight);
    const models = sources.map(({ input, key }) => ({ file: input.adapter.file, name: key, pairs: [] }));
    const steps = [
      { step: 'weigh', weights },
      { step: 'sum', divisor: 'one', weights },
    ] as const;
    job.add({ name: savedKey(name), models, steps }, writer);
  }
  await job.run(options);
}
