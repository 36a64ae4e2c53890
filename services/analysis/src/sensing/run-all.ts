import { ARRIVED, descend, type Factors, stepCost } from './descend.js';
import { drawFactor, drawProblem, type ProblemSize } from './problem.js';
import { rebalance } from './remedy.js';

/** Of G to F at the start: their difference drives the rate. */
const RIGHT_SHARE = 1 / 3;

export interface Setting extends ProblemSize {
  /** k. */
  readonly columns: number;
  readonly stepSize: number;
  readonly steps: number;
  /** α, each a run of its own. */
  readonly scales: readonly number[];
  readonly remedyAfter: number;
}

export type RunKind = 'symmetric_exact' | 'symmetric' | 'asymmetric' | 'remedied';

export interface Run {
  readonly kind: RunKind;
  readonly scale: number;
  readonly columns: number;
  /** ‖F·Gᵀ − M‖ / ‖M‖ before each step. */
  readonly errors: readonly number[];
  /** Steps before its own way begins: those before the remedy, or 0. */
  readonly start: number;
}

export interface Hooks {
  readonly signal: AbortSignal;
  readonly progress: (fraction: number, phase: string) => void;
}

/** Multiplications of all runs if none arrives before its last step. */
export function costOf({ size, measurements, columns, rank, steps, scales, remedyAfter }: Setting): number {
  const operator = measurements === 0 ? 0 : size ** 4;
  const each = (k: number): number => operator + 3 * k * size * size;
  const runs = steps * (each(rank) + 2 * each(columns)) + (steps - remedyAfter) * each(columns);
  return scales.length * runs + measurements * operator;
}

/** Every run of the study. Errors: `Diverged`; the signal's. */
export async function runAll(setting: Setting, { signal, progress }: Hooks): Promise<Run[]> {
  const { size, rank, columns, steps, stepSize, scales, remedyAfter } = setting;
  progress(0, 'measuring');
  const problem = await drawProblem(setting, signal);
  const total = costOf(setting);
  let done = setting.measurements * (problem.operator?.length ?? 0);
  const go = async (factors: Factors, limit: number, phase: string): Promise<number[]> => {
    const cost = stepCost(problem, factors.columns);
    const onProgress = (count: number): void => {
      progress((done + cost * count) / total, phase);
    };
    const errors = await descend(problem, factors, { stepSize, steps: limit, signal, onProgress });
    done += cost * limit;
    return errors;
  };
  const drawn = async (side: 'left' | 'right', k: number, scale: number): Promise<Float64Array> =>
    (await drawFactor(side, setting, k, { signal })).map((value) => scale * value);

  const symmetric = async (kind: RunKind, k: number, scale: number): Promise<Run> => {
    const left = await drawn('left', k, scale);
    const errors = await go({ columns: k, left, right: left }, steps, `${kind}, α = ${scale}`);
    return { kind, scale, columns: k, errors, start: 0 };
  };
  const asymmetric = async (scale: number): Promise<Run[]> => {
    const [left, right] = [
      await drawn('left', columns, scale),
      await drawn('right', columns, scale * RIGHT_SHARE),
    ];
    const plain = { columns, left, right };
    const before = await go(plain, remedyAfter, `asymmetric, α = ${scale}`);
    if ((before.at(-1) ?? 0) < ARRIVED) {
      return [{ kind: 'asymmetric', scale, columns, errors: before, start: 0 }];
    }
    const remedied = await rebalance(plain, size, { signal });
    const rest = steps - remedyAfter;
    const after = await go(remedied, rest, `remedied, α = ${scale}`);
    const errors = [...before, ...(await go(plain, rest, `asymmetric, α = ${scale}`))];
    return [
      { kind: 'asymmetric', scale, columns, errors, start: 0 },
      { kind: 'remedied', scale, columns, errors: [...before, ...after], start: remedyAfter },
    ];
  };

  const runs: Run[] = [];
  for (const scale of scales) {
    runs.push(await symmetric('symmetric_exact', rank, scale));
    runs.push(await symmetric('symmetric', columns, scale));
    runs.push(...(await asymmetric(scale)));
  }
  return runs;
}
