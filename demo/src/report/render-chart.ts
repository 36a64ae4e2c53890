import { init, type EChartsCoreOption } from 'echarts';

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
    return chart.renderToSVGString({ useViewBox: true });
  } finally {
    chart.dispose();
  }
}
