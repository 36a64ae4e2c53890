import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeAdapterFolder } from '@eigenloom/adapters';
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
import { type Cell, type Report, writeReport } from '@eigenloom/report';
import type { InitPlan } from './plan.js';
import type { StartedAdapter } from './start-factors.js';
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
  started: StartedAdapter,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const { parametrisation, modules, factors } = started;
  await writeAdapterFolder(
    staging,
    {
      ...{ parametrisation, modules, factors },
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
  await writeFile(join(staging, 'README.md'), cardOf(plan, report), { flag: 'wx' });
  await writeReport(staging, report);
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

const CHANGING_NOTE =
  'This adapter belongs to the model as it is. Its kind changes what the model computes from the start, before it is trained.';

function noteOn({ start: { changesBase }, parametrisation: { neutral } }: InitPlan): string {
  if (changesBase) return RESIDUAL_NOTE;
  return neutral ? MODEL_NOTE : CHANGING_NOTE;
}

function noteOf(plan: InitPlan): object {
  const { method, start, settings } = plan;
  return {
    method: method.id,
    paper: method.paper,
    seed: String(settings.seed),
    base: start.changesBase ? 'residual' : 'model',
    note: noteOn(plan),
  };
}

function cardOf(plan: InitPlan, { tables }: Report): string {
  const { method, adapter, settings, parametrisation } = plan;
  const terms = parametrisation.pair === undefined ? '' : `, rank ${settings.rank}, alpha ${settings.alpha}`;
  const rows = tables
    .flatMap((table) => table.rows)
    .map(
      ({ module, rank, alpha, parameters }) =>
        `| ${[module, rank, alpha, parameters].map(cell).join(' | ')} |`,
    );
  return [
    '---',
    'library_name: peft',
    'tags: [eigenloom]',
    '---',
    '',
    `# Adapter before training: ${adapter.id}`,
    '',
    `${adapter.summary} (${adapter.paper}).`,
    '',
    `Started by \`${method.id}\` (${method.paper})${terms}, seed ${String(settings.seed)}.`,
    '',
    noteOn(plan),
    '',
    '| module | rank | alpha | parameters |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const cell = (value: Cell | undefined): string =>
  value === undefined || value === null ? '–' : String(value);

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
