import type { Model } from '@eigenloom/checkpoint';
import { AppError, incompatible } from '@eigenloom/errors';
import type { CallOptions } from '@eigenloom/numeric';
import type { Pair, PairSettings, Start, StartHooks, StartInput, Target } from './start.js';
import { transposed } from './transposed.js';

/** Operations per second of the decompositions on two busy cores, measured on a model of 384×384 and 384×1536 matrices. */
const DECOMPOSITION_RATE = 4e9;
const F64 = 8;
/** Copies of the largest weight that a decomposition holds, its own vectors among them. */
const COPIES = 4;

/** How one module starts, whatever the others do. */
export interface ModuleStart {
  readonly changesBase: boolean;
  readonly needsWeight: boolean;
  /** Floating-point operations for one module, about. */
  operations(target: Target, rank: number): number;
  /** `weight` is W (rows × columns) in float64, row by row; empty unless the start needs it. */
  start(target: Target, weight: Float64Array, settings: PairSettings, options: CallOptions): Promise<Pair>;
}

/** A start that goes through the modules one by one. */
export function startByModule(start: ModuleStart): Start {
  const operationsOf = ({ targets, settings }: StartInput): number[] =>
    targets.map((target) => start.operations(target, settings.rank));
  return {
    changesBase: start.changesBase,
    fillsPairs: true,
    sharesRanks: false,
    data: [],
    cost(input) {
      const largest = input.targets.reduce((most, { rows, columns }) => Math.max(most, rows * columns), 0);
      return {
        seconds: operationsOf(input).reduce((sum, operations) => sum + operations, 0) / DECOMPOSITION_RATE,
        memoryBytes: start.needsWeight ? COPIES * F64 * largest : 0,
        readsWeights: start.needsWeight,
      };
    },
    run: (input, hooks) => runByModule(start, input, operationsOf(input), hooks),
  };
}

async function runByModule(
  method: ModuleStart,
  { model, targets, settings }: StartInput,
  operations: readonly number[],
  hooks: StartHooks,
): Promise<Map<string, Pair>> {
  const { signal } = hooks;
  const total = operations.reduce((sum, each) => sum + each, 0);
  const pairs = new Map<string, Pair>();
  let done = 0;
  for (const [index, target] of targets.entries()) {
    signal.throwIfAborted();
    hooks.progress({ fraction: done / total, phase: `starting ${target.path}` });
    const weight = method.needsWeight ? await weightOf(model, target, signal) : new Float64Array(0);
    const pair = await method.start(target, weight, settings, { signal }).catch((error: unknown) => {
      throw namingTensor(error, target.tensor, weight);
    });
    pairs.set(target.path, pair);
    done += operations[index] ?? 0;
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
