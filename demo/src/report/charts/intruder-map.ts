import type { EChartsCoreOption } from 'echarts';
import type { Results } from '../../results.js';
import { nameOf } from '../palette.js';
import { methodOf, shortName } from './singular-values.js';

/** Below this cosine a singular vector is an intruder: the request's default ε. */
export const EPSILON = 0.5;
const CELL = 22;
const LEFT = 110;
const TOP = 34;
const GAP = 26;

/** How well each leading singular vector of the tuned matrix is known to the base; a cross marks an intruder. */
export function intruderMap(results: Results): EChartsCoreOption {
  const tensors = results.readings[0]?.tensors ?? [];
  const count = Math.max(1, ...tensors.map(({ maxCosine }) => maxCosine.length));
  const width = count * CELL;
  const left = (i: number): number => LEFT + i * (width + GAP);
  const indices = Array.from({ length: count }, (_, i) => String(i + 1));
  return {
    title: results.readings.map(({ id }, i) => ({
      text: nameOf(methodOf(id)),
      left: left(i),
      top: 6,
      padding: 0,
      textStyle: { fontSize: 13, fontWeight: 600, width, overflow: 'truncate' },
    })),
    grid: results.readings.map((_, i) => ({ left: left(i), top: TOP, width, height: tensors.length * CELL })),
    xAxis: results.readings.map((_, i) => ({
      type: 'category',
      gridIndex: i,
      data: indices,
      axisTick: { show: false },
      axisLabel: { interval: 0, fontSize: 10 },
    })),
    yAxis: results.readings.map((_, i) => ({
      type: 'category',
      gridIndex: i,
      inverse: true,
      data: tensors.map(({ tensor }) => shortName(tensor)),
      axisLabel: { show: i === 0, interval: 0, width: LEFT - 12, overflow: 'truncate' },
      axisTick: { show: false },
    })),
    visualMap: {
      type: 'continuous',
      min: 0,
      max: 1,
      precision: 1,
      orient: 'horizontal',
      left: LEFT,
      bottom: 2,
      itemHeight: 160,
      itemWidth: 12,
      text: ['cosine 1', '0'],
      // Viridis, reversed: what the base does not know is dark.
      inRange: { color: ['#440154', '#3b528b', '#21918c', '#5ec962', '#fde725'] },
    },
    series: results.readings.map((reading, i) => ({
      type: 'heatmap',
      xAxisIndex: i,
      yAxisIndex: i,
      itemStyle: { borderColor: '#fff', borderWidth: 1 },
      label: { show: true, color: '#fff', fontWeight: 'bold', formatter: mark },
      data: reading.tensors.flatMap(({ maxCosine }, row) =>
        maxCosine.map((cosine, column) => [column, row, Number(cosine.toFixed(4))]),
      ),
    })),
  };
}

const mark = ({ value }: { readonly value: unknown }): string => {
  const cosine = Array.isArray(value) ? Number(value[2]) : NaN;
  return cosine < EPSILON ? '×' : '';
};

export function intruderMapSize(results: Results): readonly [width: number, height: number] {
  const tensors = results.readings[0]?.tensors ?? [];
  const count = Math.max(1, ...tensors.map(({ maxCosine }) => maxCosine.length));
  const panels = results.readings.length;
  return [LEFT + panels * (count * CELL + GAP), TOP + tensors.length * CELL + 64];
}
