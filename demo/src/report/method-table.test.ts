import { methodRows, methodTable, plainTable } from './method-table.js';
import { sampleResults } from './sample-results.js';

describe('methodRows', () => {
  const rows = methodRows(sampleResults());
  it('has mean and standard deviation over the seeds, and an interval for the size of the test split', () => {
    const row = rows.find(({ task, method }) => task === 'spam' && method === 'LoRA, default')!;
    // 0.805, 0.81 and 0.815; of 400 examples.
    expect(row.accuracy).toBeCloseTo(0.81, 10);
    expect(row.deviation).toBeCloseTo(0.005, 10);
    // scipy.stats.binomtest(324, 400).proportion_ci(method='wilson')
    expect(row.wilson[0]).toBeCloseTo(0.7686762, 6);
    expect(row.wilson[1]).toBeCloseTo(0.8454261, 6);
  });

  it('lists every method of both tasks', () => {
    expect(rows.filter(({ task }) => task === 'period').map(({ method }) => method)).toEqual([
      'majority class',
      'LoRA, default',
      'LoRA, PiSSA',
      'LoRA, EVA',
      'full fine-tuning',
      'uniform soup',
      'greedy soup',
      'two tasks, task arithmetic λ=1',
      'two tasks, TIES λ=1',
      'head alone on the pretrained encoder',
    ]);
  });
});

describe('plainTable', () => {
  it('lines the columns up', () => {
    const lines = plainTable(methodTable(sampleResults())).split('\n');
    const at = lines[0]!.indexOf('95 % CI');
    for (const line of lines.slice(2)) expect(line.slice(at - 2, at + 1)).toMatch(/^ {2}\d$/);
  });
});
