import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  ADAPTERS,
  type FactorValues,
  type Parametrisation,
  type Site,
  type StartSource,
  writeAdapterFolder,
} from '@eigenloom/adapters';
import {
  type Model,
  type SavedTensor,
  isNamed,
  sortedJson,
  targetNames,
  untiedView,
  writeModel,
} from '@eigenloom/checkpoint';
import type { init } from '@eigenloom/contracts';
import { foldLowRank } from '@eigenloom/numeric';
import { type Report, writeReport } from '@eigenloom/report';
import type { InitPlan } from './plan.js';
import { weightOf } from './start-by-module.js';
import type { Pair, Target } from './start.js';
import { transposed } from './transposed.js';

type Pairs = ReadonlyMap<string, Pair>;

/** Says what the adapter belongs to, for programs and people: PEFT's config has no place for it. */
const NOTE_FILE = 'eigenloom_init.json';

/**
 * Writes the adapter in PEFT's format. It states plain LoRA whatever its start was: with `pissa` PEFT would decompose the base again
 * when it loads, and be right only on the untouched base and without training.
 */
export async function writeStart(
  staging: string,
  plan: InitPlan,
  request: init.InitAdapterRequest,
  pairs: Pairs,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { rank, alpha, rankStabilized, dropout } = plan.settings;
  const value = { rank, alpha, rankStabilized, dropout };
  const { method: chosen } = ADAPTERS.create({ $case: 'lora', value });
  const parametrisation = chosen.withRanks?.(pairs) ?? chosen;
  const modules = [...pairs.keys()];
  await writeAdapterFolder(
    staging,
    {
      parametrisation,
      modules,
      factors: await startedFactors(
        parametrisation,
        sitesOf(plan, modules),
        pairs,
        startSource(plan, signal),
      ),
      savedTensors: await savedTensors(plan.model, request.modulesToSave, signal),
      settings: {
        targetModules: targetNames(request.targetModules, plan.model, modules),
        modulesToSave: request.modulesToSave,
        fanInFanOut: plan.targets.some(({ transposed: turned }) => turned),
        taskType: request.taskType,
        baseModel: '',
      },
    },
    { signal },
  );
  await writeFile(join(staging, NOTE_FILE), sortedJson(noteOf(plan)), { flag: 'wx' });
  await writeFile(join(staging, 'README.md'), cardOf(plan, pairs), { flag: 'wx' });
  await writeReport(staging, report);
}

/** The adapted modules, in order. */
function sitesOf({ targets }: InitPlan, modules: readonly string[]): Site[] {
  const byPath = new Map(targets.map((target) => [target.path, target]));
  return modules.map((path, index) => {
    const { rows = 0, columns = 0 } = byPath.get(path) ?? {};
    return { kind: 'linear', path, name: path, index, in: columns, out: rows, bias: false };
  });
}

/** What tensors that no pair fills start from. */
function startSource({ model, targets, settings }: InitPlan, signal: AbortSignal): StartSource {
  return {
    seed: settings.seed,
    weight(module) {
      const target = targets.find(({ path }) => path === module);
      if (target === undefined) throw new Error(`${module} is no target`);
      return weightOf(model, target, signal);
    },
  };
}

/** The tensors of a parametrisation before training: what the start fills by the pairs, the others as they start by themselves. */
async function startedFactors(
  parametrisation: Parametrisation,
  sites: readonly Site[],
  pairs: Pairs,
  source: StartSource,
): Promise<FactorValues[]> {
  const factors: FactorValues[] = [];
  for (const { part, module, shape, role, start } of parametrisation.tensors(sites)) {
    const filled = role === undefined || module === null ? undefined : pairs.get(module)?.[role];
    factors.push({ part, module, shape, data: filled ?? (await start(source)) });
  }
  return factors;
}

/** Tensors of the modules that are trained in full, as the model has them; a head that is not there yet has none. */
async function savedTensors(
  model: Model,
  modules: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, SavedTensor>> {
  const saved = new Map<string, SavedTensor>();
  // A head that is the embeddings too is trained as a copy of its own.
  const whole = untiedView(model);
  for (const [name, { shape }] of whole.tensors) {
    const owner = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    if (isNamed(owner, modules)) saved.set(name, { shape, data: await whole.read(name, 'f32', { signal }) });
  }
  return saved;
}

const RESIDUAL_NOTE =
  'This adapter belongs to the residual base: the weights that remain when s·B·A is taken out of the model. On the untouched model ' +
  'it gives wrong results. Training converts it to a plain LoRA pair for the untouched model.';
const MODEL_NOTE =
  'This adapter belongs to the model as it is, which it does not change before it is trained.';

function noteOf({ method: { id, paper }, start: { changesBase }, settings }: InitPlan): object {
  return {
    method: id,
    paper,
    seed: String(settings.seed),
    base: changesBase ? 'residual' : 'model',
    note: changesBase ? RESIDUAL_NOTE : MODEL_NOTE,
  };
}

function cardOf({ method: { id, paper }, start: { changesBase }, settings }: InitPlan, pairs: Pairs): string {
  const rows = [...pairs].map(([path, { rank, alpha }]) => `| ${path} | ${rank} | ${alpha} |`);
  return [
    '---',
    'library_name: peft',
    'tags: [eigenloom]',
    '---',
    '',
    '# LoRA adapter before training',
    '',
    `Started by \`${id}\` (${paper}), rank ${settings.rank}, alpha ${settings.alpha}, seed ${String(settings.seed)}.`,
    '',
    changesBase ? RESIDUAL_NOTE : MODEL_NOTE,
    '',
    '| module | rank | alpha |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** The pair with the rows and columns that the weight is stored with: of a transposed weight (B·A)ᵀ = Aᵀ·Bᵀ. */
function placedPair(
  { rows, columns, transposed: turned }: Target,
  { a, b, rank }: Pair,
): { readonly rows: number; readonly columns: number; readonly a: Float64Array; readonly b: Float64Array } {
  if (!turned) return { rows, columns, a: Float64Array.from(a), b: Float64Array.from(b) };
  return { rows: columns, columns: rows, a: transposed(b, rows, rank), b: transposed(a, rank, columns) };
}

/** Writes the base that remains: W − s·B·A in float64, rounded once to the stored type; every other tensor byte for byte. */
export async function writeResidual(
  staging: string,
  { model, targets, settings }: InitPlan,
  pairs: Pairs,
  options: { readonly signal: AbortSignal; readonly onProgress: (fraction: number) => void },
): Promise<void> {
  const { signal } = options;
  const byTensor = new Map(targets.map((target) => [target.tensor, target]));
  await writeModel(
    staging,
    {
      like: model,
      read: async ({ name }) => {
        const target = byTensor.get(name);
        const pair = target && pairs.get(target.path);
        if (target === undefined || pair === undefined) {
          return (await model.readRaw(name, { signal })) ?? model.read(name, 'f64', { signal });
        }
        const weight = await model.read(name, 'f64', { signal });
        const placed = placedPair(target, pair);
        return foldLowRank(
          name,
          weight,
          placed,
          { a: placed.a, b: placed.b, rank: pair.rank, scale: -settings.scaling },
          { signal },
        );
      },
    },
    options,
  );
}
