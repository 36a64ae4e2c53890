import { AppError } from '@eigenloom/errors';
import { threads } from '@eigenloom/numeric';
import type { ProgressUpdate } from '@eigenloom/runtime';
import { inParallel } from './in-parallel.js';
import type { WeightPlan } from './plan-weights.js';
import { sizeOf, type Skipped, type Weight } from './weight.js';
import type { Finding, Row, Values } from './weight-study.js';

/** Below this number of operations a decomposition keeps one thread busy at most: such tensors are done side by side. */
const SMALL = 2e9;

/** What was found in one tensor. */
interface TensorResult {
  readonly rows: readonly Row[];
  readonly singularValues: ReadonlyMap<string, Float64Array>;
}

export interface AnalysisResult extends TensorResult {
  /** Tensors with at least one row. */
  readonly tensors: number;
  readonly skipped: readonly Skipped[];
}

interface Hooks {
  readonly signal: AbortSignal;
  progress(update: ProgressUpdate): void;
}

/** Operations for a whole tensor, about. */
export const tensorOperations = (weight: Weight, { study }: Pick<WeightPlan, 'study'>): number =>
  weight.stacked * study.operations(weight);

/**
 * Analyses every weight of a plan: small ones side by side, large ones one after the other on all threads. Results come in the
 * order of the plan, whatever is done first. A tensor whose numbers do not allow an answer is left out with the reason.
 */
export async function analyseWeights(plan: WeightPlan, hooks: Hooks): Promise<AnalysisResult> {
  const results = new Map<Weight, TensorResult>();
  const failures = new Map<string, string>();
  const tracker = trackProgress(plan, hooks);
  const work = async (weight: Weight): Promise<void> => {
    try {
      results.set(weight, await analyseTensor(plan, weight, hooks, tracker));
    } catch (error) {
      const reason = numericReason(error);
      if (reason === undefined) throw error;
      failures.set(weight.name, reason);
    }
  };
  const isSmall = (weight: Weight): boolean => tensorOperations(weight, plan) < SMALL;
  await inParallel(plan.weights.filter(isSmall), threads(), work);
  await inParallel(
    plan.weights.filter((weight) => !isSmall(weight)),
    1,
    work,
  );
  return collect(plan, results, failures);
}

async function analyseTensor(
  { model, base, study }: WeightPlan,
  weight: Weight,
  { signal }: Hooks,
  tracker: Tracker,
): Promise<TensorResult> {
  signal.throwIfAborted();
  const whole: Values = {
    tuned: await model.read(weight.name, 'f64', { signal }),
    base: await base?.read(weight.name, 'f64', { signal }),
  };
  const size = sizeOf(weight);
  const rows: Row[] = [];
  const singularValues = new Map<string, Float64Array>();
  for (let slice = 0; slice < weight.stacked; slice += 1) {
    const part = (values: Float64Array): Float64Array => values.subarray(slice * size, (slice + 1) * size);
    const values = { tuned: part(whole.tuned), base: whole.base && part(whole.base) };
    const finding: Finding = await study.analyse(weight, values, {
      signal,
      onProgress: (fraction) => {
        tracker.partly(weight, (slice + fraction) / weight.stacked);
      },
    });
    const isStack = weight.type === 'stack';
    rows.push({ longname: weight.longname, ...(isStack ? { slice } : {}), ...finding.row });
    if (finding.singularValues !== undefined) {
      singularValues.set(isStack ? `${weight.longname}.${slice}` : weight.longname, finding.singularValues);
    }
  }
  tracker.partly(weight, 1);
  return { rows, singularValues };
}

/** Why the numbers of a tensor allow no answer; undefined for every other failure. */
function numericReason(error: unknown): string | undefined {
  if (!(error instanceof AppError)) return undefined;
  switch (error.reason) {
    case 'NON_FINITE':
      return `has values that are not finite (${error.message})`;
    case 'NO_CONVERGENCE':
      return 'its decomposition does not converge';
    case 'OUT_OF_RANGE':
      return `its numbers are too large (${error.message})`;
    default:
      return undefined;
  }
}

interface Tracker {
  partly(weight: Weight, fraction: number): void;
}

function trackProgress(plan: WeightPlan, hooks: Hooks): Tracker {
  const total = plan.weights.reduce((sum, weight) => sum + tensorOperations(weight, plan), 0);
  const done = new Map<Weight, number>();
  return {
    partly(weight, fraction) {
      done.set(weight, fraction * tensorOperations(weight, plan));
      const operations = [...done.values()].reduce((sum, part) => sum + part, 0);
      hooks.progress({ fraction: total === 0 ? 1 : operations / total, phase: weight.longname });
    },
  };
}

function collect(
  plan: WeightPlan,
  results: ReadonlyMap<Weight, TensorResult>,
  failures: ReadonlyMap<string, string>,
): AnalysisResult {
  const found = plan.weights.flatMap((weight) => results.get(weight) ?? []);
  const order = [...plan.model.tensors.keys()];
  const failed = [...failures].map(([name, reason]) => ({ name, reason }));
  return {
    rows: found.flatMap((result) => result.rows),
    singularValues: new Map(found.flatMap(({ singularValues }) => [...singularValues])),
    tensors: found.length,
    skipped: [...plan.skipped, ...failed].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
  };
}
