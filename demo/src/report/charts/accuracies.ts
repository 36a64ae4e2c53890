import type { CustomSeriesRenderItem, EChartsCoreOption } from 'echarts';
import type { TaskName } from '../../data/prepare.js';
import type { Results, TestScore } from '../../results.js';
import type { Interval } from '../../statistics/intervals.js';
import { mean, meanInterval, runsOf } from '../aggregate.js';
import { colourOf, GREY, nameOf } from '../palette.js';

interface Row {
  readonly name: string;
  readonly colour: string;
  readonly centre: number;
  readonly interval: Interval;
  /** Accuracies of single seeds. */
  readonly seeds: readonly number[];
}

const rowOfScore = (name: string, { accuracy, wilson }: TestScore): Row => ({
  name,
  colour: GREY,
  centre: accuracy,
  interval: wilson,
  seeds: [],
});

function rowsOf(results: Results, task: TaskName): Row[] {
  const trained = ['default', 'pissa', 'eva', 'full'].map((method): Row => {
    const runs = runsOf(results, task, method);
    const seeds = runs.map(({ test }) => test.accuracy);
    return {
      name: nameOf(method),
      colour: colourOf(method),
      centre: mean(seeds),
      interval: meanInterval(runs),
      seeds: seeds.length > 1 ? seeds : [],
    };
  });
  const soups = results.soups
    .filter((soup) => soup.task === task)
    .map(({ recipe, test }) => rowOfScore(nameOf(recipe), test));
  const merges = results.merges.flatMap(({ method, test }) => {
    const score = test[task];
    return score === undefined ? [] : [rowOfScore(`two tasks: ${nameOf(method)}`, score)];
  });
  return [...trained, ...soups, ...merges];
}

/** A horizontal line with end caps from the second to the third value of a datum, at the row of the first. */
const whisker: CustomSeriesRenderItem = (_, api) => {
  const [row, low, high] = [api.value(0), api.value(1), api.value(2)];
  const [x1 = 0, y = 0] = api.coord([low, row]);
  const [x2 = 0] = api.coord([high, row]);
  const line = (a: number, b: number, c: number, d: number): object => ({
    type: 'line',
    shape: { x1: a, y1: b, x2: c, y2: d },
    style: { stroke: api.visual('color'), lineWidth: 2 },
  });
  const children = [line(x1, y, x2, y), line(x1, y - 5, x1, y + 5), line(x2, y - 5, x2, y + 5)];
  return { type: 'group', children } as ReturnType<CustomSeriesRenderItem>;
};

/** Test accuracies with Wilson's intervals; small dots are single seeds, the dashed line is the majority baseline. */
export function accuracies(results: Results, task: TaskName): EChartsCoreOption {
  const rows = rowsOf(results, task);
  const baseline = results.tasks.find(({ name }) => name === task)?.majorityBaseline ?? 0;
  const coloured = (row: Row, value: readonly number[]): object => ({
    value,
    itemStyle: { color: row.colour },
  });
  return {
    grid: { left: 170, right: 24, top: 12, bottom: 44 },
    xAxis: {
      type: 'value',
      name: 'test accuracy',
      nameLocation: 'middle',
      nameGap: 28,
      min: Math.floor(20 * Math.min(baseline, ...rows.map(({ interval }) => interval[0])) - 0.2) / 20,
      max: Math.min(1, Math.ceil(20 * Math.max(...rows.map(({ interval }) => interval[1]))) / 20),
    },
    yAxis: { type: 'category', inverse: true, data: rows.map(({ name }) => name), axisTick: { show: false } },
    series: [
      {
        type: 'custom',
        renderItem: whisker,
        data: rows.map((row, i) => coloured(row, [i, ...row.interval])),
        encode: { x: [1, 2], y: 0 },
      },
      {
        type: 'scatter',
        symbolSize: 11,
        data: rows.map((row, i) => coloured(row, [row.centre, i])),
        markLine: {
          symbol: 'none',
          silent: true,
          label: { formatter: 'majority', position: 'insideEndTop', color: GREY },
          lineStyle: { type: 'dashed', color: GREY },
          data: [{ xAxis: baseline }],
        },
      },
      {
        type: 'scatter',
        symbolSize: 5,
        data: rows.flatMap((row, i) =>
          row.seeds.map((seed) => ({
            value: [seed, i],
            symbolOffset: [0, 11],
            itemStyle: { color: row.colour, opacity: 0.8 },
          })),
        ),
      },
    ],
  };
}

/** Height in pixels that the chart needs. */
export const accuraciesHeight = (results: Results, task: TaskName): number =>
  60 + 34 * rowsOf(results, task).length;
