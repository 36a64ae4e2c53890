import type { Results, TestScore } from '../results.js';
import type { Interval } from '../statistics/intervals.js';
import { deviation, mean, meanInterval, runsOf } from './aggregate.js';
import { nameOf } from './palette.js';

/** One line of the table of methods. */
export interface MethodRow {
  readonly task: string;
  readonly method: string;
  /** Seeds or members. */
  readonly runs: string;
  readonly accuracy: number;
  /** Standard deviation over the seeds; absent for one model. */
  readonly deviation?: number;
  readonly wilson: Interval;
  readonly byGroup?: Interval;
  readonly steps?: number;
  /** Mean seconds of a job. */
  readonly seconds?: number;
}

const scored = (task: string, method: string, runs: string, test: TestScore): MethodRow => ({
  task,
  method,
  runs,
  accuracy: test.accuracy,
  wilson: test.wilson,
  byGroup: test.byGroup,
});

/** What is printed and shown: every method on every task, the baseline first. */
export function methodRows(results: Results): MethodRow[] {
  return results.tasks.flatMap(({ name: task, majorityBaseline, splits }): MethodRow[] => {
    const { examples } = splits.test;
    const right = Math.round(majorityBaseline * examples);
    const trained = ['default', 'pissa', 'eva', 'full'].map((method): MethodRow => {
      const runs = runsOf(results, task, method);
      const accuracies = runs.map(({ test }) => test.accuracy);
      const [first] = runs;
      return {
        task,
        method: method === 'full' ? nameOf(method) : `LoRA, ${nameOf(method)}`,
        runs: `${runs.length} ${runs.length === 1 ? 'seed' : 'seeds'}`,
        accuracy: mean(accuracies),
        ...(runs.length > 1 ? { deviation: deviation(accuracies) } : {}),
        wilson: meanInterval(runs),
        ...(first === undefined ? {} : { byGroup: meanGroupInterval(runs.map(({ test }) => test)) }),
        steps: first?.steps ?? 0,
        seconds: mean(runs.map(({ seconds }) => seconds)),
      };
    });
    const soups = results.soups
      .filter((soup) => soup.task === task)
      .map(({ recipe, kept, members, seconds, test }) => ({
        ...scored(task, nameOf(recipe), `${kept} of ${members}`, test),
        seconds,
      }));
    const merges = results.merges.flatMap(({ method, lambda, seconds, test }) => {
      const score = test[task];
      const name = `two tasks, ${nameOf(method)} λ=${lambda}`;
      return score === undefined ? [] : [{ ...scored(task, name, '2 encoders', score), seconds }];
    });
    const untouched = results.untouched[task];
    return [
      {
        task,
        method: 'majority class',
        runs: '',
        accuracy: right / examples,
        wilson: meanInterval([{ test: { right, total: examples } }]),
      },
      ...trained,
      ...soups,
      ...merges,
      ...(untouched === undefined
        ? []
        : [scored(task, 'head alone on the pretrained encoder', '1 head', untouched)]),
    ];
  });
}

/** Means of the bounds over the seeds. */
const meanGroupInterval = (scores: readonly TestScore[]): Interval => [
  mean(scores.map(({ byGroup }) => byGroup[0])),
  mean(scores.map(({ byGroup }) => byGroup[1])),
];

const COLUMNS = [
  'task',
  'method',
  'runs',
  'test accuracy',
  '95 % CI',
  '95 % CI by group',
  'steps',
  'seconds',
];

const interval = (bounds: Interval | undefined): string =>
  bounds === undefined ? '' : `${bounds[0].toFixed(3)} – ${bounds[1].toFixed(3)}`;

/** Heading and cells as text. */
export function methodTable(results: Results): readonly (readonly string[])[] {
  const rows = methodRows(results).map((row) => [
    row.task,
    row.method,
    row.runs,
    row.accuracy.toFixed(3) + (row.deviation === undefined ? '' : ` ± ${row.deviation.toFixed(3)}`),
    interval(row.wilson),
    interval(row.byGroup),
    row.steps === undefined ? '' : String(row.steps),
    row.seconds === undefined ? '' : row.seconds.toFixed(1),
  ]);
  return [COLUMNS, ...rows];
}

/** Columns lined up with spaces, the last two to the right. */
export function plainTable(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)));
  const right = widths.length - 2;
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i >= right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = table;
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(head), rule, ...body.map(line)].join('\n');
}
