import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { renderPage } from './page/render-page.js';
import { readReport } from './read-report.js';
import type { Report } from './report.js';
import { sampleReport } from './testing/sample-report.js';
import { writeReport } from './write-report.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(() => rm(folder, { recursive: true }));

const EMPTY: Report = { title: 'Empty', metrics: {}, tables: [], charts: [], verdicts: [], notes: [] };
const json = (): Promise<string> => readFile(join(folder, 'report.json'), 'utf8');
const line = { name: '', mark: 'line' as const, x: [1], y: [1] };
const chart = { id: 'c', title: '', x: { label: '' }, y: { label: '' }, series: [line] };
const table = { id: 't', title: '', columns: [{ name: 'a' }], rows: [] };

describe('writeReport', () => {
  it.each([
    ['full', sampleReport()],
    ['empty', EMPTY],
  ])('writes what readReport reads, and the page: %s', async (_, report) => {
    await writeReport(folder, report);
    expect(await readReport(folder)).toEqual(report);
    expect(await readFile(join(folder, 'report.html'), 'utf8')).toBe(renderPage(report));
    expect(JSON.parse(await json())).toEqual({ format: 'eigenloom.report', version: 1, ...report });
  });

  it('writes keys in one order, whatever order the report has', async () => {
    const report = {
      ...EMPTY,
      charts: [chart],
      tables: [{ ...table, columns: [{ name: 'b' }, { name: 'a' }], rows: [{ a: 1, b: 2 }, { b: 3 }] }],
    };
    const turned = Object.fromEntries(Object.entries(report).reverse()) as unknown as Report;
    await writeReport(folder, turned);
    const written = await json();
    expect(written).toContain('{"b":2,"a":1}');
    expect(written).toContain('{"b":3,"a":null}');
    expect(written.indexOf('"title"')).toBeLessThan(written.indexOf('"tables"'));
    expect(written.indexOf('"tables"')).toBeLessThan(written.indexOf('"charts"'));
  });

  it('writes numbers that JSON does not have as null, and long lists whole', async () => {
    const many = Array.from({ length: 12_345 }, (_, i) => i);
    await writeReport(folder, {
      ...EMPTY,
      metrics: { loss: NaN, big: 1e300 },
      tables: [{ ...table, rows: [{ a: -Infinity }, { a: [1, NaN] }] }],
      charts: [{ ...chart, series: [{ ...line, x: many, y: many.map((i) => (i === 7 ? Infinity : i)) }] }],
    });
    const { metrics, tables, charts } = await readReport(folder);
    expect(metrics).toEqual({ loss: null, big: 1e300 });
    expect(tables[0]?.rows).toEqual([{ a: null }, { a: [1, null] }]);
    expect(charts[0]?.series[0]?.x).toEqual(many);
    expect(charts[0]?.series[0]?.y).toEqual(many.map((i) => (i === 7 ? null : i)));
  });

  it.each(['report.json', 'report.html'])('leaves a %s that is there alone', async (name) => {
    await writeFile(join(folder, name), 'mine');
    await expect(writeReport(folder, EMPTY)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readdir(folder)).toEqual([name]);
    expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
  });

  it.each<[string, unknown, string]>([
    ['title', { ...EMPTY, title: 3 }, 'title is not a string'],
    ['metric', { ...EMPTY, metrics: { loss: '3' } }, 'metrics.loss is not a number or null'],
    ['bigint', { ...EMPTY, metrics: { seed: 3n } }, 'metrics.seed is not a number or null'],
    [
      'row',
      { ...EMPTY, tables: [{ ...table, rows: [{ a: 1 }, { b: 1 }] }] },
      'tables[0].rows[1] has "b", which is no column',
    ],
    [
      'cell',
      { ...EMPTY, tables: [{ ...table, rows: [{ a: {} }] }] },
      'tables[0].rows[0].a is not a number or null',
    ],
    [
      'columns',
      { ...EMPTY, tables: [{ ...table, columns: [{ name: 'a' }, { name: 'a' }] }] },
      'tables[0].columns has "a" twice',
    ],
    [
      'id',
      { ...EMPTY, tables: [table], charts: [{ ...chart, id: 't' }] },
      'charts[0].id is "t", which another has',
    ],
    ['id', { ...EMPTY, charts: [{ ...chart, id: 'a b' }] }, 'charts[0].id is "a b"; ids are letters'],
    [
      'lengths',
      { ...EMPTY, charts: [{ ...chart, series: [{ ...line, y: [] }] }] },
      'charts[0].series[0] has 1 places in x and 0 in y',
    ],
    [
      'x',
      { ...EMPTY, charts: [{ ...chart, series: [{ ...line, x: [NaN] }] }] },
      'charts[0].series[0].x[0] is neither',
    ],
    [
      'names',
      { ...EMPTY, charts: [{ ...chart, series: [line, { ...line, x: ['a'] }] }] },
      'charts[0].series has numbers and names',
    ],
    [
      'mark',
      { ...EMPTY, charts: [{ ...chart, series: [{ ...line, mark: 'pie' }] }] },
      'charts[0].series[0].mark is "pie"; known are line',
    ],
    [
      'scale',
      { ...EMPTY, charts: [{ ...chart, y: { label: '', scale: 'sqrt' } }] },
      'charts[0].y.scale is "sqrt"',
    ],
    ['verdict', { ...EMPTY, verdicts: [{ id: 'v', held: 'yes' }] }, 'verdicts[0].held is not true or false'],
  ])('refuses a report with a wrong %s and leaves nothing', async (_, report, message) => {
    await expect(writeReport(folder, report as Report)).rejects.toMatchObject({
      reason: 'REPORT_INVALID',
      message: expect.stringContaining(`report.json: ${message}`) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('readReport', () => {
  it.each([
    ['{', 'REPORT_INVALID', 'is not JSON'],
    ['[]', 'REPORT_INVALID', 'the report is not an object'],
    [JSON.stringify(EMPTY), 'REPORT_INVALID', 'format is not eigenloom.report'],
    [JSON.stringify({ ...EMPTY, format: 'eigenloom.report', version: 2 }), 'REPORT_VERSION', 'version 2'],
    [JSON.stringify({ ...EMPTY, notes: [1] }), 'REPORT_INVALID', 'notes[0] is not a string'],
  ])('refuses %s', async (text, reason, message) => {
    await writeFile(join(folder, 'report.json'), text);
    await expect(readReport(folder)).rejects.toMatchObject({
      reason,
      message: expect.stringContaining(message) as string,
    });
  });

  it('says that there is none', async () => {
    await expect(readReport(folder)).rejects.toMatchObject({ reason: 'REPORT_MISSING' });
  });
});
