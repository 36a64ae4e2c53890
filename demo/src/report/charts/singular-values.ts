import type { EChartsCoreOption } from 'echarts';
import type { Results, TensorReading } from '../../results.js';
import { colourOf, nameOf } from '../palette.js';

/** Below this share of the largest, a singular value is rounding. */
const NOISE = 1e-5;
const SHOWN = 40;
const COLUMNS = 6;
const PANEL = { width: 168, height: 150, left: 52, top: 56, gapX: 14, gapY: 46 };

/** `pissa` of `train-period-pissa-s1`. */
export const methodOf = (id: string): string => id.split('-')[2] ?? id;

/** `layer 0 query` of `encoder.layer.0.attention.self.query`, with or without `.weight` behind it. */
export function shortName(tensor: string): string {
  const [, layer, module] = /layers?\.(\d+)\.(?:.*\.)?(\w+)$/.exec(tensor.replace(/\.weight$/, '')) ?? [];
  return layer === undefined || module === undefined ? tensor : `layer ${layer} ${module}`;
}

/** Query matrices in the first row, value matrices in the second. */
function panels(results: Results): string[] {
  const names = results.readings[0]?.tensors.map(({ tensor }) => tensor) ?? [];
  return [
    ...names.filter((name) => name.includes('query')),
    ...names.filter((name) => !name.includes('query')),
  ];
}

function points({ deltaSingularValues }: TensorReading): number[][] {
  const largest = deltaSingularValues[0] ?? 0;
  return deltaSingularValues
    .slice(0, SHOWN)
    .flatMap((value, i) => (value > NOISE * largest ? [[i + 1, value]] : []));
}

/** Singular values of the change of every adapted matrix, one panel each, logarithmic. */
export function singularValues(results: Results): EChartsCoreOption {
  const tensors = panels(results);
  const methods = results.readings.map(({ id }) => methodOf(id));
  const all = results.readings.flatMap(({ tensors: list }) => list.flatMap(points)).map(([, y]) => y ?? NaN);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const place = (i: number): { left: number; top: number } => ({
    left: PANEL.left + (i % perRow(tensors)) * (PANEL.width + PANEL.gapX),
    top: PANEL.top + Math.floor(i / perRow(tensors)) * (PANEL.height + PANEL.gapY),
  });
  return {
    legend: { data: methods.map(nameOf), top: 0, icon: 'roundRect', itemGap: 24 },
    title: tensors.map((tensor, i) => ({
      text: shortName(tensor),
      left: place(i).left,
      top: place(i).top - 20,
      padding: 0,
      // A name that has no short form ends within its panel.
      textStyle: { fontSize: 12, fontWeight: 600, width: PANEL.width, overflow: 'truncate' },
    })),
    grid: tensors.map((_, i) => ({ ...place(i), width: PANEL.width, height: PANEL.height })),
    xAxis: tensors.map((_, i) => ({
      type: 'value',
      gridIndex: i,
      min: 0,
      max: SHOWN,
      interval: 10,
      // The last label of the panel to the left is there.
      axisLabel: { showMinLabel: i % perRow(tensors) === 0 },
    })),
    yAxis: tensors.map((_, i) => ({
      type: 'log',
      gridIndex: i,
      min: 10 ** Math.floor(Math.log10(low)),
      max: 10 ** Math.ceil(Math.log10(high)),
      axisLabel: { show: i % perRow(tensors) === 0, formatter: (value: number) => value.toExponential(0) },
    })),
    series: tensors.flatMap((tensor, i) =>
      results.readings.map((reading) => {
        const found = reading.tensors.find((each) => each.tensor === tensor);
        const method = methodOf(reading.id);
        return {
          type: 'line',
          name: nameOf(method),
          xAxisIndex: i,
          yAxisIndex: i,
          symbolSize: 4,
          color: colourOf(method),
          lineStyle: { width: 1.5 },
          data: found === undefined ? [] : points(found),
        };
      }),
    ),
  };
}

const perRow = (tensors: readonly string[]): number => Math.min(COLUMNS, Math.ceil(tensors.length / 2));

export function singularValuesSize(results: Results): readonly [width: number, height: number] {
  const tensors = panels(results);
  const rows = Math.ceil(tensors.length / perRow(tensors));
  return [
    PANEL.left + perRow(tensors) * (PANEL.width + PANEL.gapX),
    PANEL.top + rows * (PANEL.height + PANEL.gapY),
  ];
}
