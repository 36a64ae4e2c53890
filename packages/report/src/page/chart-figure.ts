import { h, type ComponentChild } from 'preact';

import { colourOf, dashOf } from '../chart/looks.js';
import { renderChart } from '../chart/render-chart.js';
import type { Chart, Series } from '../report.js';

const DASHED = { solid: undefined, dashed: '5 3', dotted: '2 2' } as const;

/** A chart with its legend above it. */
export function chartFigure(chart: Chart): ComponentChild {
  const { svg, remarks, isWide } = renderChart(chart);
  const { id, title, series } = chart;
  const hasLegend = series.length > 1 || (series[0]?.name ?? '') !== '';
  return h(
    'figure',
    { id, class: isWide ? 'wide' : undefined },
    h('h3', null, title),
    hasLegend && h('ul', { class: 'legend' }, ...series.map(legendEntry)),
    // ECharts escapes all text itself.
    h('div', { class: 'chart', dangerouslySetInnerHTML: { __html: svg } }),
    remarks.length > 0 && h('figcaption', null, `Not all of report.json: ${remarks.join('; ')}.`),
  );
}

function legendEntry({ name, mark }: Series, index: number): ComponentChild {
  const colour = colourOf(index);
  const stroke = { stroke: colour, 'stroke-width': 2.4, 'stroke-dasharray': DASHED[dashOf(index)] };
  const swatch =
    mark === 'line'
      ? h('line', { x1: 0, y1: 5, x2: 22, y2: 5, ...stroke })
      : mark === 'bars'
        ? h('rect', { x: 5, y: 0, width: 12, height: 10, fill: colour })
        : h('circle', { cx: 11, cy: 5, r: 4, fill: colour });
  return h('li', null, h('svg', { viewBox: '0 0 22 10', 'aria-hidden': 'true' }, swatch), name);
}
