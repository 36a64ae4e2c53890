import { sampleReport } from '../testing/sample-report.js';
import { renderPage } from './render-page.js';
import { SORT_SCRIPT, SORT_SCRIPT_HASH } from './sort-script.js';

const page = renderPage(sampleReport());

describe('renderPage', () => {
  it('shows everything that a report has', () => {
    const { title, metrics, tables, charts, verdicts, notes } = sampleReport();
    for (const text of [title, ...Object.keys(metrics), ...notes]) expect(page).toContain(text);
    for (const { id, title: heading } of [...tables, ...charts]) {
      expect(page).toContain(`id="${id}"`);
      expect(page).toContain(heading);
    }
    for (const { statement, criterion, measured } of verdicts) {
      for (const text of [statement, criterion, measured]) expect(page).toContain(text);
    }
    expect(page).toContain('https://arxiv.org/abs/2410.21228');
    expect(page).toContain('>9223372036854775808<');
  });

  it('fetches nothing and runs one script', () => {
    const links = [...page.matchAll(/(?:https?:)?\/\/[^\s"'<>)]+/g)].map(([link]) => link);
    expect(new Set(links)).toEqual(
      new Set([
        'http://www.w3.org/2000/svg',
        'http://www.w3.org/1999/xlink',
        'https://arxiv.org/abs/2410.21228',
      ]),
    );
    expect(page).not.toMatch(/<(link|img|iframe|object|embed)\b|\bsrc=|@import|url\((?!#)/);
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain(`<script>${SORT_SCRIPT}</script>`);
    expect(page).toContain(SORT_SCRIPT_HASH);
  });

  it('shows markup in texts as text', () => {
    const attacked = renderPage(sampleReport(true));
    expect(attacked.match(/<script/g)).toHaveLength(1);
    expect(attacked.match(/&lt;script/g)!.length).toBeGreaterThan(100);
    const attributes = [...attacked.matchAll(/="([^"]*)"/g)].map(([, value]) => value ?? '');
    expect(attributes.some((value) => value.includes('&quot;1&quot;'))).toBe(true);
    const withoutAttack = (html: string): number => html.match(/<[a-z]+/g)!.length;
    // The same elements but for tooltips of names that have become long, and what the longer names move.
    expect(Math.abs(withoutAttack(attacked) - withoutAttack(page))).toBeLessThan(0.1 * withoutAttack(page));
  });

  it('bounds the rows of a table and says so', () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({ n: i }));
    const table = { id: 't', title: 'T', columns: [{ name: 'n' }], rows };
    const { length } = renderPage({ ...sampleReport(), charts: [], tables: [table] }).match(/<tr>/g)!;
    expect(length).toBe(2_001);
    expect(renderPage({ ...sampleReport(), charts: [], tables: [table] })).toContain('2,000 of 3,000 rows');
  });
});
