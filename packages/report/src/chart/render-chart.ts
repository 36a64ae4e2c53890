import { init } from 'echarts';

import type { Chart } from '../report.js';
import { chartOption } from './chart-option.js';
import { drawnChart } from './drawn.js';

export interface RenderedChart {
  /** An element that needs nothing from outside but the page's colours. */
  readonly svg: string;
  readonly remarks: readonly string[];
  /** It has a row of the page for itself. */
  readonly isWide: boolean;
}

/** Draws a chart; takes some milliseconds of the thread. */
export function renderChart(chart: Chart): RenderedChart {
  const drawn = drawnChart(chart);
  const { option, width, height, isWide, shownName } = chartOption(chart, drawn);
  const echarts = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    echarts.setOption(option);
    const svg = plain(echarts.renderToSVGString({ useViewBox: true }), chart.id);
    return { svg: withWholeNames(svg, drawn.names ?? [], shownName), remarks: drawn.remarks, isWide };
  } finally {
    echarts.dispose();
  }
}

/**
 * Without what only a page with ECharts in it uses; the names of clips, which count through all charts of a thread, are those of the chart,
 * so that a report is always drawn alike. Texts have no quotes, ECharts escapes them.
 */
const plain = (svg: string, id: string): string =>
  svg
    .replace(/<style\b.*?<\/style>/s, '')
    .replace(/ (class|pointer-events|ecmeta_\w+)="[^"]*"/g, '')
    .replace(/="(url\(#)?zr\d+-/g, (_, reference = '') => `="${String(reference)}${id}-`);

/** Gives a name that was shortened its whole self, to be seen under the pointer. */
function withWholeNames(svg: string, names: readonly string[], shownName: (name: string) => string): string {
  const whole = new Map<string, string>();
  for (const name of names) {
    const shown = shownName(name);
    if (shown !== name)
      whole.set(escaped(shown), [whole.get(escaped(shown)), escaped(name)].filter(Boolean).join(' · '));
  }
  if (whole.size === 0) return svg;
  return svg.replace(/>([^<>]+)<\/text>/g, (element, shown: string) => {
    const name = whole.get(shown);
    return name === undefined ? element : `><title>${name}</title>${shown}</text>`;
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** As ECharts writes text. */
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
