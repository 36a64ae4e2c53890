import { printAnalysis } from './analysis-table.js';

function printed(...[analysis, content]: Parameters<typeof printAnalysis>): string[] {
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(...String(text).split('\n'));
    return true;
  });
  printAnalysis(analysis, content);
  write.mockRestore();
  return lines.filter((line) => line !== '');
}

describe('printAnalysis', () => {
  it('names the tensors of intruder dimensions and counts the intruders', () => {
    const lines = printed('intruders', {
      tensors: [{ longname: 'layer.0.query', intruders: [1, 4], effective_rank: 5.25, stable_rank: null }],
      skipped: [{ name: 'norm.weight', reason: 'is a vector' }],
    });
    expect(lines[1]).toMatch(/^layer\.0\.query +2 +5\.25 +-/);
    expect(lines.at(-1)).toBe('skipped norm.weight: is a vector');
  });

  it('says how many fits failed, why, and the mean of the others', () => {
    const failed = { status: 'failed', alpha: null, reason: 'too few' };
    const lines = printed('spectrum', {
      tensors: [
        { longname: 'a', status: 'success', alpha: 3, reason: null },
        { longname: 'experts', slice: 0, ...failed },
        { longname: 'experts', slice: 1, ...failed },
      ],
      summary: { fitted: 1, failed: 2, alpha: 3 },
    });
    expect(lines.slice(-2)).toEqual([
      'fits: 1, with a mean alpha of 3; failed: 2',
      'no fit for experts[0] and 1 more: too few',
    ]);
  });
});
