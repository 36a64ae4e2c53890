import { printReport, type ShownReport } from './print-report.js';

function printed(report: Partial<ShownReport>): string[] {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(...String(text).split('\n'));
    return true;
  });
  printReport({ metrics: {}, tables: [], verdicts: [], notes: [], ...report });
  write.mockRestore();
  return lines.filter((line) => line !== '');
}

describe('printReport', () => {
  it('prints the columns that rows have, counts lists, and leaves out empty tables', () => {
    const lines = printed({
      tables: [
        {
          title: 'Tensors',
          columns: ['longname', 'slice', 'intruders', 'effective_rank', 'stable_rank'].map((name) => ({
            name,
          })),
          rows: [{ longname: 'layer.0.query', intruders: [1, 4], effective_rank: 5.25, stable_rank: null }],
        },
        { title: 'Left out', columns: [{ name: 'name' }], rows: [] },
      ],
      metrics: { intruders: 2, alpha: null },
    });
    expect(lines).toEqual([
      'Tensors:',
      'longname       intruders  effective_rank  stable_rank',
      'layer.0.query  2          5.25            -',
      'intruders: 2',
      'alpha: -',
    ]);
  });

  it('prints as many columns as fit, and at least one', () => {
    const columns = [{ name: 'wide' }, { name: 'narrow' }];
    const rows = [{ wide: 'x'.repeat(200), narrow: 1 }];
    expect(printed({ tables: [{ title: 't', columns, rows }] })).toEqual(['wide', 'x'.repeat(200)]);
  });

  it('says what held', () => {
    const verdicts = [{ statement: 'ranks agree', measured: '3 of 3', held: true }];
    expect(printed({ verdicts, notes: ['one note'] })).toEqual(['held: ranks agree (3 of 3)', 'one note']);
  });
});
