import type { PreparedTask } from '../data/prepare.js';
import type { Results, TrainedRun } from '../results.js';
import { holm, pairedTest, type PairedTest } from '../statistics/paired-test.js';
import { mean, runsOf } from './aggregate.js';
import { nameOf } from './palette.js';

/** What two starts are compared by. */
interface Measure {
  readonly name: string;
  readonly of: (run: TrainedRun) => number;
  readonly higherIsBetter: boolean;
  /** What a difference is multiplied by and called. */
  readonly scale: number;
  readonly unit: string;
}

const MEASURES: readonly Measure[] = [
  {
    name: 'test accuracy',
    of: ({ test }) => test.accuracy,
    higherIsBetter: true,
    scale: 100,
    unit: ' points',
  },
  {
    name: 'mean training loss over all steps',
    of: ({ losses }) => mean(losses),
    higherIsBetter: false,
    scale: 1,
    unit: '',
  },
];

/** Two-sided level of all comparisons together. */
const LEVEL = 0.05;

export interface Verdict {
  readonly task: PreparedTask['name'];
  readonly method: string;
  readonly measure: string;
  readonly test: PairedTest;
  /** Holm's; undefined where there is nothing to test. */
  readonly adjustedP?: number;
  readonly outcome: 'better' | 'worse' | 'undecided';
  readonly sentence: string;
}

interface Comparison {
  readonly task: PreparedTask['name'];
  readonly method: string;
  readonly measure: Measure;
  readonly test: PairedTest;
}

/** PiSSA and EVA against the default start, paired by seed, over all tasks and measures; p-values by Holm over all of them. */
export function compareStarts(results: Results): Verdict[] {
  const comparisons = results.tasks.flatMap(({ name: task }) =>
    MEASURES.flatMap((measure) =>
      ['pissa', 'eva'].map((method): Comparison => {
        const values = (start: string): number[] => runsOf(results, task, start).map(measure.of);
        return { task, method, measure, test: pairedTest(values('default'), values(method)) };
      }),
    ),
  );
  const tested = comparisons.filter(({ test }) => test.p !== undefined);
  const adjusted = holm(tested.map(({ test }) => test.p ?? 1));
  return comparisons.map((comparison) => verdictOf(comparison, adjusted[tested.indexOf(comparison)]));
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

function verdictOf({ task, method, measure, test }: Comparison, adjustedP: number | undefined): Verdict {
  const { scale, unit, name, higherIsBetter } = measure;
  const digits = scale === 100 ? 1 : 3;
  const better = test.difference > 0 === higherIsBetter;
  const outcome: Verdict['outcome'] =
    adjustedP === undefined || adjustedP >= LEVEL ? 'undecided' : better ? 'better' : 'worse';
  const start = nameOf(method);
  const [low, high] = test.interval ?? [NaN, NaN];
  const difference = `${signed(test.difference * scale, digits)}${unit}`;
  const numbers =
    adjustedP === undefined
      ? `${difference}; one seed, so no test`
      : `${difference}, 95 % interval ${signed(low * scale, digits)} to ${signed(high * scale, digits)}, adjusted p = ${adjustedP < 0.001 ? '< 0.001' : adjustedP.toFixed(3)}, ${test.pairs} seeds`;
  const claim = {
    better: `${start} beats the default start in ${name}`,
    worse: `${start} does worse than the default start in ${name}`,
    undecided: `No difference between ${start} and the default start is shown in ${name}`,
  }[outcome];
  const base = {
    task,
    method,
    measure: name,
    test,
    outcome,
    sentence: `${claim} (${numbers.replace('= <', '<')}).`,
  };
  return adjustedP === undefined ? base : { ...base, adjustedP };
}

/** One sentence on each start, over both tasks. */
export function summarize(verdicts: readonly Verdict[]): string[] {
  return ['pissa', 'eva'].map((method) => {
    const mine = verdicts.filter((verdict) => verdict.method === method);
    const list = (outcome: Verdict['outcome']): string =>
      mine
        .filter((verdict) => verdict.outcome === outcome)
        .map(({ measure, task }) => `${measure} on ${task}`)
        .join(', ');
    const [better, worse] = [list('better'), list('worse')];
    const start = nameOf(method);
    if (better === '' && worse === '')
      return `${start} is not shown to be better or worse than the default start here, by any measure on any task.`;
    if (worse === '') return `${start} beats the default start here in ${better}; in nothing is it worse.`;
    if (better === '') return `${start} does not beat the default start here; it is worse in ${worse}.`;
    return `${start} beats the default start here in ${better}, and is worse in ${worse}.`;
  });
}
