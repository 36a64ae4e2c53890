import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { AdapterModuleInfo } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';

import type { MergedPair } from '../steps/adapter-method.js';
import { measure } from './measure.js';
import type { ModuleReport } from '../write/module-report.js';
import { checkFinitePairs, pairKernels } from './pair-kernels.js';
import { PairStore } from '../write/pair-store.js';
import type { AdapterMergePlan, PlannedModule } from '../plan/planned.js';
import { writeStoredPairs } from '../write/write-stored-pairs.js';

export interface AdapterRun {
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** A folder for what is between; it does not exist yet. */
  readonly folder: string;
}

/** Merges the adapters of a plan and writes the result in PEFT's format. Errors: `MERGE_CHANGED_NOTHING`, `NON_FINITE_INPUT`, `NON_FINITE_RESULT`, `DISK_FULL`. */
export async function mergeAdapters(
  staging: string,
  plan: AdapterMergePlan,
  run: AdapterRun & { readonly allowNonFinite: boolean; readonly allowUnchanged: boolean },
): Promise<ModuleReport[]> {
  await mkdir(run.folder, { recursive: true });
  const store = await PairStore.create(join(run.folder, 'pairs'));
  const options = { signal: run.signal };
  const infos = new Map<string, AdapterModuleInfo>();
  const reports: ModuleReport[] = [];
  // A tensor in full takes the place of the base's.
  let changed = plan.saved.size > 0;
  try {
    for (const module of plan.modules) {
      if (!run.allowNonFinite) await checkFinitePairs(module, options);
      const kernels = pairKernels(module, { seed: plan.seed, folder: run.folder, options });
      const merged = rounded(await plan.method.mergePairs(module, kernels));
      const { norm, error, isZero } = await measure(module, plan.shares, merged, kernels);
      changed ||= !isZero;
      reports.push({ module: module.module, rank: merged.rank, norm, error });
      await store.add(module.module, merged.a, merged.b);
      infos.set(module.module, infoOf(module, merged));
      run.onProgress(reports.length / plan.modules.length);
    }
    if (!changed && !run.allowUnchanged) throw changesNothing(plan);
    const { settings, saved } = plan;
    const { allowNonFinite } = run;
    await writeStoredPairs(staging, { settings, saved, infos, store, allowNonFinite }, options);
  } finally {
    await store.remove();
    await rm(run.folder, { recursive: true, force: true });
  }
  return [...reports, ...[...plan.saved.keys()].map((module) => ({ module, rank: 0, norm: 0, error: 0 }))];
}

function changesNothing({ method, modules }: AdapterMergePlan): Error {
  const members = modules.flatMap((module) => module.members);
  const why = members.every(({ weight }) => weight === 0)
    ? 'the weights are all 0; give each adapter a weight'
    : 'the adapters are zero or cancel each other; look at them and at their weights and densities';
  return incompatible(
    'MERGE_CHANGED_NOTHING',
    `${method.id}: the adapter that results is zero in every module, and would change no model: ${why}; set allow_unchanged if that is meant`,
  );
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
