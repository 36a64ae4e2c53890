import type { EChartsCoreOption } from 'echarts';

import { formatNumber } from '../page/format-number.js';
import { shorten } from '../page/shorten.js';
import type { Axis, Chart } from '../report.js';
import type { DrawnChart, DrawnSeries } from './drawn.js';
import { dashOf, colourOf, symbolOf } from './looks.js';

const WIDTH = 600;
/** Of a chart that has a row of the page for itself. */
const WIDE = 1240;
/** More lines of names than these stand beside nothing. */
const MAX_LINES_BESIDE = 14;
const HEIGHT = 340;
const FONT = 11.5;
/** Of a character of the labels, in pixels. */
const CHARACTER = 6.2;
/** Of a name beside an axis, and of one below it. */
const MAX_NAME = 48;
const MAX_SLANTED = 24;
/** Of a slanted name: its share of width and height. */
const SLANT = 0.72;
/** Names beside each other are level as long as each has as much room as the longest needs; characters in all. */
const LEVEL_CHARACTERS = 80;
/** Names up to this many go down the page, each on a line. */
const MAX_LINES = 60;
const LINE = 19;
const AXIS_DIGITS = 4;

const INK = 'var(--ink)';
const QUIET = 'var(--quiet)';
const RULE = 'var(--rule)';

/** Where the names of the x axis are. */
export type Direction = 'none' | 'level' | 'slanted' | 'down';

export interface DrawnOption {
  readonly option: EChartsCoreOption;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** It has a row of the page for itself. */
  readonly isWide: boolean;
  /** The name of a place along x as it is drawn. */
  readonly shownName: (name: string) => string;
}

/** Names that need room go down the page, so that each can be read; too many for that are slanted, and some are left out. */
function directionOf(names: readonly string[] | undefined): Direction {
  if (names === undefined) return 'none';
  const longest = Math.max(...names.map((name) => name.length));
  if (names.length * (longest + 2) <= LEVEL_CHARACTERS) return 'level';
  return names.length <= MAX_LINES ? 'down' : 'slanted';
}

/** What ECharts draws of a chart; colours are variables of the page. */
export function chartOption(chart: Chart, drawn: DrawnChart): DrawnOption {
  const direction = directionOf(drawn.names);
  const isDown = direction === 'down';
  const names = drawn.names ?? [];
  const shownName = (name: string): string => shorten(name, direction === 'slanted' ? MAX_SLANTED : MAX_NAME);
  const longest = CHARACTER * Math.max(0, ...names.map((name) => shownName(name).length));
  const slanted = direction === 'slanted' ? SLANT * longest : 0;
  const left = isDown ? longest + 40 : Math.max(76, slanted + 12);
  const bottom = slanted + 48;
  const isWide = isDown && names.length > MAX_LINES_BESIDE;
  const along = drawn.names ? nameAxis(chart.x, names, direction, shownName) : numberAxis(chart.x, 'x');
  const isBars = drawn.series.some(({ mark }) => mark === 'bars');
  const values = { ...numberAxis(chart.y, isDown ? 'x' : 'y'), scale: !isBars };
  return {
    width: isWide ? WIDE : WIDTH,
    height: isDown ? Math.max(HEIGHT, LINE * names.length + 70) : HEIGHT + slanted,
    isWide,
    shownName,
    option: {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: FONT, color: INK },
      grid: { left, right: 22, top: 14, bottom, outerBoundsMode: 'none' },
      xAxis: isDown ? values : { ...along, nameGap: slanted + 28 },
      yAxis: isDown ? { ...along, nameGap: longest + 18 } : values,
      series: drawn.series.map((series, i) => seriesOption(series, i, isDown)),
    },
  };
}

const common = (label: string): EChartsCoreOption => ({
  name: label,
  nameLocation: 'middle',
  nameTextStyle: { color: QUIET, fontSize: FONT },
  axisLine: { lineStyle: { color: RULE } },
  axisTick: { lineStyle: { color: RULE } },
});

function numberAxis({ label, scale }: Axis, side: 'x' | 'y'): EChartsCoreOption {
  return {
    ...common(label),
    type: scale === 'log' ? 'log' : 'value',
    scale: true,
    nameGap: side === 'x' ? 28 : 56,
    splitNumber: 6,
    splitLine: { lineStyle: { color: RULE, opacity: 0.55 } },
    axisLabel: {
      color: QUIET,
      fontSize: FONT,
      hideOverlap: true,
      formatter: (value: number) => formatNumber(value, AXIS_DIGITS),
    },
  };
}

function nameAxis(
  { label }: Axis,
  names: readonly string[],
  direction: Direction,
  formatter: (name: string) => string,
): EChartsCoreOption {
  return {
    ...common(label),
    type: 'category',
    data: names,
    inverse: direction === 'down',
    axisLabel: {
      color: QUIET,
      fontSize: FONT,
      formatter,
      ...(direction === 'slanted' ? { rotate: 45, interval: 'auto', hideOverlap: true } : { interval: 0 }),
    },
  };
}

function seriesOption({ mark, points }: DrawnSeries, index: number, isDown: boolean): EChartsCoreOption {
  const data = points.map(([x, y]) => (isDown ? [y, x] : [x, y]));
  const color = colourOf(index);
  if (mark === 'bars') return { type: 'bar', data, itemStyle: { color }, barMaxWidth: 34, barGap: '8%' };
  if (mark === 'points') {
    return {
      type: 'scatter',
      data,
      symbol: symbolOf(index),
      symbolSize: 6,
      itemStyle: { color, opacity: 0.8 },
    };
  }
  return {
    type: 'line',
    data,
    showSymbol: points.length <= 40,
    symbol: symbolOf(index),
    symbolSize: 5,
    connectNulls: false,
    itemStyle: { color },
    lineStyle: { color, width: 1.8, type: dashOf(index) },
  };
}
