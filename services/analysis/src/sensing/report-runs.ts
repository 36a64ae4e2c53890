import type { Chart, Report, Series } from '@eigenloom/report';
import { lineThrough, type Rate, rateOf } from './fit.js';
import type { Run, RunKind } from './run-all.js';

/** Of a curve. */
const POINTS = 100;

interface Measured extends Run {
  /** e² ∝ exp(−rate·t). */
  readonly exponential: Rate | undefined;
  /** e² ∝ t^−power. */
  readonly powerLaw: Rate | undefined;
}

const COLUMNS = [
  { name: 'run' },
  { name: 'alpha', description: 'scale of the start' },
  { name: 'columns', description: 'columns of the factors' },
  { name: 'steps', description: 'until a relative error below 1e-12, or all' },
  { name: 'error', description: 'relative, at the end' },
  { name: 'rate', unit: '1/step', description: 'c of e² ∝ exp(−c·t), fitted between `from` and `to`' },
  { name: 'rate_r2' },
  { name: 'power', description: 'p of e² ∝ t^−p, fitted between `from` and `to`' },
  { name: 'power_r2' },
  { name: 'from', unit: 'steps' },
  { name: 'to', unit: 'steps' },
];

/** Error curves, their rates, and how these depend on α. */
export function reportRuns(runs: readonly Run[]): Omit<Report, 'method' | 'paper'> {
  const measured = runs.map((run) => ({
    ...run,
    exponential: rateOf(run.errors, run.start, 'steps'),
    powerLaw: rateOf(run.errors, run.start, 'log'),
  }));
  const of = (kind: RunKind): Measured[] => measured.filter((run) => run.kind === kind);
  return {
    title: 'Rates of gradient descent in matrix sensing',
    metrics: {
      symmetric_exact_rate: meanOf(of('symmetric_exact').map(rate)),
      symmetric_power: meanOf(of('symmetric').map(power)),
      asymmetric_rate: meanOf(of('asymmetric').map(rate)),
      asymmetric_power_of_alpha: powerOfScale(of('asymmetric')),
      remedied_rate: meanOf(of('remedied').map(rate)),
      remedied_power_of_alpha: powerOfScale(of('remedied')),
    },
    tables: [{ id: 'runs', title: 'Runs', columns: COLUMNS, rows: measured.map(rowOf) }],
    charts: [
      chart('symmetric', 'Symmetric factors', [...of('symmetric_exact'), ...of('symmetric')], 'log'),
      chart('asymmetric', 'Asymmetric factors', [...of('asymmetric'), ...of('remedied')], 'linear'),
    ],
    verdicts: [],
    notes: [],
  };
}

const negated = (value: number | undefined): number | null => (value === undefined ? null : -value);
const rate = ({ exponential }: Measured): number | null => negated(exponential?.slope);
const power = ({ powerLaw }: Measured): number | null => negated(powerLaw?.slope);

const rowOf = (run: Measured): Record<string, number | string | null> => ({
  run: run.kind,
  alpha: run.scale,
  columns: run.columns,
  steps: run.errors.length,
  error: run.errors.at(-1) ?? null,
  rate: rate(run),
  rate_r2: run.exponential?.r2 ?? null,
  power: power(run),
  power_r2: run.powerLaw?.r2 ?? null,
  from: run.exponential?.from ?? null,
  to: run.exponential?.to ?? null,
});

/** Null unless every run has a value. */
function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0 || known.length < values.length) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** p of rate ∝ α^p; null unless two scales or more have a rate above 0. */
function powerOfScale(runs: readonly Measured[]): number | null {
  const found = runs.flatMap((run) => {
    const value = rate(run);
    return value !== null && value > 0 ? [[Math.log(run.scale), Math.log(value)] as const] : [];
  });
  if (new Set(found.map(([scale]) => scale)).size < 2) return null;
  return lineThrough(
    found.map(([scale]) => scale),
    found.map(([, value]) => value),
  ).slope;
}

function chart(id: string, title: string, runs: readonly Measured[], scale: 'log' | 'linear'): Chart {
  return {
    id,
    title,
    x: { label: 'step', scale },
    y: { label: 'squared relative error', scale: 'log' },
    series: runs.map((run) => curve(run, scale)),
  };
}

function curve({ kind, scale, errors }: Run, spacing: 'log' | 'linear'): Series {
  const { length } = errors;
  const place = (share: number): number =>
    Math.round(spacing === 'log' ? length ** share : 1 + (length - 1) * share);
  const steps = [...new Set(Array.from({ length: POINTS }, (_, i) => place(i / (POINTS - 1))))];
  return {
    name: `${kind}, α = ${scale}`,
    mark: 'line',
    x: steps,
    // Zero has no place on a logarithmic axis.
    y: steps.map((step) => (errors[step - 1] ?? 0) ** 2).map((error) => (error === 0 ? null : error)),
  };
}
