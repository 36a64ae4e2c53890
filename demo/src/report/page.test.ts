import { shortName } from './charts/singular-values.js';
import { reportPage } from './page.js';
import { sampleResults } from './sample-results.js';

describe('reportPage', () => {
  const page = reportPage(sampleResults());

  it('is one file: no script, nothing fetched', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(\s*['"]?(?!#)/i);
    expect(page.match(/(?:src|href)="(?!#)[^"]*"/g)).toBeNull();
    expect(page).toContain(`Content-Security-Policy" content="default-src 'none'`);
  });

  it('holds every chart, with every series drawn', () => {
    const charts = page.match(/<svg\b.*?<\/svg>/gs) ?? [];
    expect(charts).toHaveLength(6);
    const colours = (svg: string): string[] =>
      [...new Set(svg.match(/#(?:0072B2|D55E00|009E73|7B4B94)/g))].sort();
    expect(colours(charts[0]!)).toEqual(['#0072B2', '#009E73', '#D55E00']);
    expect(colours(charts[4]!)).toEqual(['#0072B2', '#009E73', '#7B4B94', '#D55E00']);
    // One cross for each of 4 models × 12 matrices.
    expect(charts[5]!.match(/×/g)).toHaveLength(48);
    for (const chart of charts) expect(chart).not.toContain('NaN');
  });

  it('titles every panel and row by layer and module, and keeps other names within their place', () => {
    const charts = page.match(/<svg\b.*?<\/svg>/gs) ?? [];
    const textsOf = (svg: string): string[] =>
      [...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text ?? '');
    const names = [0, 1, 2, 3, 4, 5].flatMap((layer) => [`layer ${layer} query`, `layer ${layer} value`]);
    for (const chart of charts.slice(4)) expect(textsOf(chart)).toEqual(expect.arrayContaining(names));
    const results = sampleResults();
    const long = 'a_module_whose_name_has_no_short_form_and_goes_on_and_on.projection';
    const readings = results.readings.map((reading) => ({
      ...reading,
      tensors: reading.tensors.map((tensor) => ({ ...tensor, tensor: long })),
    }));
    for (const chart of (reportPage({ ...results, readings }).match(/<svg\b.*?<\/svg>/gs) ?? []).slice(4)) {
      expect(textsOf(chart)).not.toContain(long);
      expect(textsOf(chart).some((text) => text.startsWith('a_module') && text.endsWith('...'))).toBe(true);
    }
  });

  it('names modules with and without .weight', () => {
    expect(shortName('encoder.layer.3.attention.self.query')).toBe('layer 3 query');
    expect(shortName('encoder.layer.3.attention.self.query.weight')).toBe('layer 3 query');
    expect(shortName('model.layers.11.self_attn.q_proj')).toBe('layer 11 q_proj');
    expect(shortName('lm_head')).toBe('lm_head');
  });

  it('escapes what comes from outside', () => {
    expect(page).toContain('sample &lt;cpu&gt;');
    expect(page).toContain('Sample &amp; more.');
  });

  it('changes its verdict with the numbers', () => {
    expect(reportPage(sampleResults({ eva: [0.1, 0.11, 0.105] }))).toContain(
      'EVA beats the default start here',
    );
    expect(reportPage(sampleResults({ eva: [-0.1, -0.11, -0.105] }))).toContain(
      'EVA does not beat the default start here',
    );
    expect(page).toContain('EVA is not shown to be better or worse');
  });

  it('shows one seed and says a quick run is one', () => {
    const results = sampleResults({ eva: [0] });
    expect(reportPage({ ...results, options: { ...results.options, quick: true } })).toContain(
      'figures mean nothing',
    );
  });
});
