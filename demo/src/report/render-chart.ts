import { init, type EChartsCoreOption } from 'echarts';

/** Charts are made smaller to fit a narrow page, but not below this, where labels cannot be read; then they scroll. */
const LEAST_SCALE = 0.6;

/** A chart as an SVG element that needs nothing from outside. Sizes in pixels. */
export function renderChart(option: EChartsCoreOption, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: 12 },
      ...option,
    });
    const svg = chart.renderToSVGString({ useViewBox: true });
    return svg.replace(/^<svg /, `<svg style="min-width:${Math.round(LEAST_SCALE * width)}px" `);
  } finally {
    chart.dispose();
  }
}
