import type { Chart, Series } from '../report.js';
import { renderChart } from './render-chart.js';

const chart = (series: readonly Series[], scale: 'linear' | 'log' = 'linear'): Chart => ({
  id: 'a',
  title: 'A',
  x: { label: 'along' },
  y: { label: 'up', scale },
  series,
});

describe('renderChart', () => {
  it('gives names that are shortened their whole selves', () => {
    const long = `model.layers.17.${'inner.'.repeat(12)}mlp.down_proj.<weight>`;
    const { svg } = renderChart(chart([{ name: '', mark: 'bars', x: [long, 'b'], y: [1, 2] }]));
    const whole = long.replace('<', '&lt;').replace('>', '&gt;');
    expect(svg).toContain(`<title>${whole}</title>model.layers.17.`);
    expect(svg).toContain('>b</text>');
    expect(svg).toContain('>along</text>');
    expect(svg).toContain('var(--series-0)');
  });

  it('bounds what it draws and says so', () => {
    const many = Array.from({ length: 50_000 }, (_, i) => i);
    const y = many.map((i) => Math.sin(i * i));
    const { svg, remarks } = renderChart(
      chart([
        { name: 'line', mark: 'line', x: many, y },
        { name: 'points', mark: 'points', x: many, y },
      ]),
    );
    expect(svg.length).toBeLessThan(1_000_000);
    expect(remarks).toEqual([expect.stringMatching(/^\d+ of 100000 points are drawn$/)]);
    const names = renderChart(chart([{ name: '', mark: 'line', x: many.map((i) => `n${i}`), y }]));
    expect(names.remarks).toEqual(['the first 400 of 50000 names are drawn']);
  });

  it('leaves out of a log axis what has no place there', () => {
    const { remarks } = renderChart(chart([{ name: '', mark: 'line', x: [1, 2, 3], y: [1, 0, 10] }], 'log'));
    expect(remarks).toEqual(['points at 0 or below have no place on a log axis (1)']);
  });

  it.each(['line', 'points', 'bars'] as const)('draws %s without any values', (mark) => {
    expect(renderChart(chart([{ name: 'none', mark, x: [], y: [] }])).svg).toContain('<svg');
    expect(renderChart(chart([{ name: 'gaps', mark, x: [1, 2], y: [null, null] }], 'log')).svg).toContain(
      '<svg',
    );
    expect(renderChart(chart([])).svg).toContain('<svg');
  });

  it('gives the same bytes each time', () => {
    const twice = chart([{ name: 's', mark: 'line', x: ['a', 'b'], y: [1, 2] }]);
    expect(renderChart(twice)).toEqual(renderChart(twice));
  });
});
