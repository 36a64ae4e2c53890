import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type AdapterModuleInfo, targetNames } from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';

import type { AdapterRun } from '../adapters/run/merge-adapters.js';
import type { ModuleReport } from '../adapters/write/module-report.js';
import { PairStore } from '../adapters/write/pair-store.js';
import type { PlannedSaved } from '../adapters/plan/planned.js';
import { type StoredAdapter, writeStoredPairs } from '../adapters/write/write-stored-pairs.js';
import { sourceOf } from '../plan/planned.js';
import { type Extracted, extractModule } from './extract-module.js';
import { type Change, findChanges } from './find-changes.js';
import type { ExtractPlan, ExtractTarget } from './planned.js';

/** Share of the work that looking for changes outside the targets is taken to be. */
const COMPARING = 0.1;

/** What an extraction found, beside what it wrote. */
export interface ExtractOutcome {
  readonly modules: ModuleReport[];
  readonly notes: string[];
}

/**
 * Extracts an adapter, one matrix in memory at a time, and writes it in PEFT's format.
 * Errors: `BIAS_CHANGED`, `MERGE_CHANGED_NOTHING`, `NOTHING_TO_DECOMPOSE`, `NON_FINITE_INPUT`, `NON_FINITE_RESULT`, `DISK_FULL`.
 */
export async function extractAdapter(
  staging: string,
  plan: ExtractPlan,
  run: AdapterRun,
): Promise<ExtractOutcome> {
  await mkdir(run.folder, { recursive: true });
  const store = await PairStore.create(join(run.folder, 'pairs'));
  try {
    const biases = await findChanges(plan.biases, run.folder, run.signal);
    checkBiases(biases, plan);
    const changes = await findChanges(plan.others, run.folder, run.signal);
    const { infos, reports } = await extractTargets(plan, store, run);
    if (infos.size === 0 && changes.length === 0) {
      throw incompatible('MERGE_CHANGED_NOTHING', 'the model equals its base in every tensor');
    }
    if (infos.size === 0) throw withoutPairs(changes);
    const saved = savedOf(changes);
    const adapter = { settings: settingsOf(plan, infos, saved), saved, infos, store };
    await writeStoredPairs(staging, adapter, { signal: run.signal });
    return {
      modules: [...reports, ...inFull(changes, 0), ...inFull(biases)],
      notes: biases.length > 0 ? [`${biases.length} changed biases are left out`] : [],
    };
  } finally {
    await store.remove();
    await rm(run.folder, { recursive: true, force: true });
  }
}

/** PEFT loads no adapter without a pair, whatever it keeps in full. */
function withoutPairs(changes: readonly Change[]): Error {
  const names = changes.slice(0, 3).map(({ pair }) => JSON.stringify(pair.name));
  const more = changes.length > names.length ? `, and ${changes.length - names.length} more` : '';
  return incompatible(
    'NOTHING_TO_DECOMPOSE',
    `none of the modules to decompose changed, so there would be no pair, and PEFT loads no such adapter; what changed is ${names.join(', ')}${more}: name its modules in target_modules, or keep the whole model`,
  );
}

function checkBiases(changed: readonly Change[], { parameters }: ExtractPlan): void {
  const [first, ...others] = changed;
  if (first === undefined || parameters.dropBiases) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  throw incompatible(
    'BIAS_CHANGED',
    `${JSON.stringify(first.pair.name)}${more} changed, and a pair has no bias: keep the modules in full by modules_to_save, or set drop_biases`,
    { details: { tensor: first.pair.name } },
  );
}

async function extractTargets(
  plan: ExtractPlan,
  store: PairStore,
  { signal, onProgress }: AdapterRun,
): Promise<{ infos: Map<string, AdapterModuleInfo>; reports: ModuleReport[] }> {
  const infos = new Map<string, AdapterModuleInfo>();
  const reports: ModuleReport[] = [];
  const sorted = [...plan.targets].sort(byModule);
  for (const [index, target] of sorted.entries()) {
    const place = sorted.findIndex(({ module }) => module === target.like);
    const seed = BigInt.asUintN(64, plan.seed + BigInt(place));
    const extracted = await extractModule(target, { ...plan, seed }, { signal });
    onProgress(COMPARING + ((1 - COMPARING) * (index + 1)) / plan.targets.length);
    if (extracted === undefined) continue;
    const { a, b, rank, norm, error } = extracted;
    await store.add(target.module, a, b);
    infos.set(target.module, infoOf(target, extracted));
    reports.push({ module: target.module, rank, norm, error });
  }
  return { infos, reports };
}

const byModule = (x: ExtractTarget, y: ExtractTarget): number => (x.module < y.module ? -1 : 1);

function infoOf(
  { kind, shape, rows, columns, transposed }: ExtractTarget,
  { rank }: Extracted,
): AdapterModuleInfo {
  const [aShape, bShape] = transposed
    ? [
        [rank, rows],
        [columns, rank],
      ]
    : [
        [rank, ...shape.slice(1)],
        [rows, rank, ...shape.slice(2).map(() => 1)],
      ];
  return { kind, aShape, bShape, rank, alpha: rank, scaling: 1 };
}

const savedOf = (changes: readonly Change[]): Map<string, PlannedSaved> =>
  new Map(
    changes.map(({ pair }) => [
      pair.name,
      { shape: pair.shape, sources: [{ source: sourceOf(pair.tuned), weight: 1 }] },
    ]),
  );

const moduleOf = (tensor: string): string => tensor.slice(0, Math.max(0, tensor.lastIndexOf('.')));

const isAllLinear = (name: string): boolean => name.toLowerCase() === 'all-linear';

function settingsOf(
  { model, parameters, targets, taskType }: ExtractPlan,
  infos: ReadonlyMap<string, AdapterModuleInfo>,
  saved: ReadonlyMap<string, PlannedSaved>,
): StoredAdapter['settings'] {
  const adapted = [...infos.keys()];
  const said = parameters.targetModules;
  const leaves = [...new Set(adapted.map((path) => path.slice(path.lastIndexOf('.') + 1)))].sort();
  return {
    rankStabilized: false,
    targetModules: targetNames(
      said.length > 0 && !said.some(isAllLinear) ? said : leaves,
      model.model,
      adapted,
    ),
    modulesToSave: [...new Set([...saved.keys()].map(moduleOf))],
    fanInFanOut: targets.some(({ kind, transposed }) => kind === 'linear' && transposed),
    dropout: 0,
    taskType,
    baseModel: '',
    initLoraWeights: true,
  };
}

/** Kept in full, so without error, or dropped, so with all of it. */
const inFull = (changes: readonly Change[], error?: number): ModuleReport[] =>
  changes.map(({ pair, norm }) => ({ module: pair.name, rank: 0, norm, error: error ?? norm }));
