import type { Report } from '@eigenloom/report';
import type { DimensionOutput, Setting } from './setting.js';

/** Share of the weights below which a task counts as low-dimensional. */
const SMALL_SHARE = 0.01;

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** The dimension that was found, every run, and accuracy against dimensions. */
export function reportDimension(
  { projection, structureAware, threshold, dimensions }: Setting,
  { runs, parameters, layers, fullScore, found }: DimensionOutput,
): Omit<Report, 'method' | 'paper'> {
  const target = threshold * fullScore;
  const name = `d${Math.round(100 * threshold)}`;
  const tried = runs.flatMap(({ dimensions: d, accuracy }) => (d === undefined ? [] : [{ d, accuracy }]));
  const ascending = tried.toSorted((a, b) => a.d - b.d);
  const line = (label: string, y: number): Report['charts'][number]['series'][number] => ({
    ...{ name: label, mark: 'line', x: ascending.map(({ d }) => d), y: ascending.map(() => y) },
  });
  const measured =
    found === undefined
      ? `none of ${dimensions.length} dimensions up to ${dimensions.at(-1) ?? 0} reached ${percent(target)}`
      : `${found} dimensions, ${percent(found / parameters)} of the weights`;
  return {
    title: 'Intrinsic dimension',
    metrics: {
      [name]: found ?? null,
      parameters,
      share: found === undefined ? null : found / parameters,
      full_score: fullScore,
      target,
      runs: runs.length,
    },
    tables: [
      {
        id: 'runs',
        title: 'Runs, in their order',
        columns: [
          { name: 'dimensions', description: 'null: all weights' },
          { name: 'accuracy', description: 'on the test examples, after the last step' },
          { name: 'loss' },
          { name: 'learning_rate', description: 'at the first step' },
          { name: 'reached', description: `whether accuracy is at least ${threshold} of the full score` },
        ],
        rows: runs.map((run) => ({
          dimensions: run.dimensions ?? null,
          accuracy: run.accuracy,
          loss: run.loss,
          learning_rate: run.learningRate,
          reached: run.accuracy >= target,
        })),
      },
    ],
    charts: [
      {
        id: 'accuracy',
        title: 'Accuracy by dimensions',
        x: { label: 'dimensions', scale: 'log' },
        y: { label: 'accuracy' },
        series: [
          {
            name: projection,
            mark: 'points',
            x: ascending.map(({ d }) => d),
            y: ascending.map(({ accuracy }) => accuracy),
          },
          line('all weights', fullScore),
          line('to be reached', target),
        ],
      },
    ],
    verdicts: [
      {
        id: 'low_dimensional',
        statement: 'The task is learned in far fewer dimensions than the network has weights.',
        criterion: `${percent(threshold)} of the full score with at most ${percent(SMALL_SHARE)} of the ${parameters} weights`,
        measured,
        held: found !== undefined && found <= SMALL_SHARE * parameters,
      },
    ],
    notes: [
      `Weights are the start plus a ${projection} projection of what is trained${structureAware ? `, with a factor for each of ${layers} layers` : ''}.`,
    ],
  };
}
