import type { EChartsCoreOption } from 'echarts';
import type { TaskName } from '../../data/prepare.js';
import { STARTS } from '../../plan/run-names.js';
import type { Results } from '../../results.js';
import { mean, runsOf } from '../aggregate.js';
import { colourOf, nameOf } from '../palette.js';

/** Steps that a point of a curve is the mean of. */
export const SMOOTHED_STEPS = 5;

/** Running mean of the last steps, shorter at the start. */
export const smooth = (losses: readonly number[]): number[] =>
  losses.map((_, i) => mean(losses.slice(Math.max(0, i + 1 - SMOOTHED_STEPS), i + 1)));

/** Training loss by start: mean over the seeds as a line, smallest to largest seed as a band. */
export function lossCurves(results: Results, task: TaskName): EChartsCoreOption {
  const series = STARTS.flatMap((start) => {
    const curves = runsOf(results, task, start).map(({ losses }) => smooth(losses));
    const steps = curves[0]?.map((_, i) => curves.map((curve) => curve[i] ?? NaN)) ?? [];
    const low = steps.map((values) => Math.min(...values));
    const points = (values: readonly number[]): number[][] => values.map((value, i) => [i + 1, value]);
    const band = { type: 'line', stack: start, symbol: 'none', silent: true, lineStyle: { opacity: 0 } };
    return [
      { ...band, data: points(low) },
      {
        ...band,
        data: points(steps.map((values, i) => Math.max(...values) - (low[i] ?? 0))),
        areaStyle: { color: colourOf(start), opacity: 0.15 },
      },
      {
        type: 'line',
        name: nameOf(start),
        symbol: 'none',
        color: colourOf(start),
        lineStyle: { width: 2 },
        data: points(steps.map(mean)),
      },
    ];
  });
  return {
    legend: { data: STARTS.map(nameOf), top: 0, icon: 'roundRect', itemGap: 24 },
    grid: { left: 56, right: 16, top: 36, bottom: 44 },
    xAxis: { type: 'value', name: 'step', nameLocation: 'middle', nameGap: 28, min: 1, max: 'dataMax' },
    yAxis: { type: 'value', name: 'training loss', nameLocation: 'middle', nameGap: 40, scale: true },
    series,
  };
}
