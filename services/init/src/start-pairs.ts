import { join } from 'node:path';

import type { Model } from '@eigenloom/checkpoint';
import { runOnEngine } from '@eigenloom/engine';
import { AppError, incompatible } from '@eigenloom/errors';
import type { ProgressUpdate } from '@eigenloom/runtime';
import type { ComponentsFound } from './eva/find-components.js';
import type { EvaInput } from './eva/worker.js';
import type { InitPlan, Start } from './init-plan.js';
import type { Pair, Target } from './methods/method.js';
import { transposed } from './transposed.js';

const EVA_WORKER = join(__dirname, 'eva', 'worker.js');

interface Hooks {
  readonly signal: AbortSignal;
  readonly progress: (update: ProgressUpdate) => void;
}

/** The starting pair of every target, by module path, in order of path; modules that end with rank 0 have none. */
export async function startPairs(plan: InitPlan, hooks: Hooks): Promise<ReadonlyMap<string, Pair>> {
  const { start } = plan;
  const pairs =
    start.scope === 'layer' ? await byLayer(plan, start, hooks) : await byActivations(plan, start, hooks);
  return new Map([...pairs].sort(([x], [y]) => (x < y ? -1 : 1)));
}

async function byLayer(
  { model, targets, settings }: InitPlan,
  start: Extract<Start, { scope: 'layer' }>,
  { signal, progress }: Hooks,
): Promise<Map<string, Pair>> {
  const cost = targets.map((target) => start.operations(target, settings.rank));
  const total = cost.reduce((sum, operations) => sum + operations, 0);
  const pairs = new Map<string, Pair>();
  let done = 0;
  for (const [index, target] of targets.entries()) {
    signal.throwIfAborted();
    progress({ fraction: done / total, phase: `starting ${target.path}` });
    const weight = start.needsWeight ? await weightOf(model, target, signal) : new Float64Array(0);
    const pair = await start.start(target, weight, settings, { signal }).catch((error: unknown) => {
      throw namingTensor(error, target.tensor, weight);
    });
    pairs.set(target.path, pair);
    done += cost[index] ?? 0;
  }
  return pairs;
}

/** W as rows × columns. */
export async function weightOf(model: Model, target: Target, signal: AbortSignal): Promise<Float64Array> {
  const stored = await model.read(target.tensor, 'f64', { signal });
  return target.transposed ? transposed(stored, target.columns, target.rows) : stored;
}

/** A decomposition knows only the index of a value that is not finite. */
function namingTensor(error: unknown, tensor: string, weight: Float64Array): unknown {
  if (!(error instanceof AppError) || error.reason !== 'NON_FINITE') return error;
  const count = String(weight.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0));
  const message = `model: tensor ${JSON.stringify(tensor)} has ${count} NaN or infinite values`;
  return incompatible('NON_FINITE_INPUT', message, { details: { tensor, count }, cause: error });
}

async function byActivations(
  plan: InitPlan,
  start: Extract<Start, { scope: 'activations' }>,
  { signal, progress }: Hooks,
): Promise<Map<string, Pair>> {
  const { rank, seed } = plan.settings;
  const { rho, tau } = start.settings;
  const modules = plan.targets.map(({ path }) => path);
  const input: EvaInput = {
    modelPath: plan.modelPath,
    adapterPaths: plan.adapterPaths,
    dataPath: start.dataPath,
    data: start.data,
    wanted: { modules, rank, rho, tau, seed },
    settings: start.settings,
  };
  const found = await runOnEngine<EvaInput, ComponentsFound>(EVA_WORKER, input, {
    signal,
    onProgress: progress,
  });
  progress({ metrics: { batches: found.batches, converged: found.converged ? 1 : 0 } });
  return evaPairs(plan, found);
}

/** A = components, B = 0; alpha moves with the rank so that the scale stays what it was. */
export function evaPairs(
  { targets, settings }: Pick<InitPlan, 'targets' | 'settings'>,
  found: ComponentsFound,
): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const { module, rank, components } of found.modules) {
    const target = targets.find(({ path }) => path === module);
    if (target === undefined || rank === 0) continue;
    const growth = settings.rankStabilized ? Math.sqrt(rank / settings.rank) : rank / settings.rank;
    const b = new Float32Array(target.rows * rank);
    pairs.set(module, { a: components, b, rank, alpha: settings.alpha * growth });
  }
  return pairs;
}
