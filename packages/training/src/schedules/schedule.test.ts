import { scheduleFactor } from './schedule.js';

const over = (kind: 'linear' | 'cosine' | 'constant', warmupSteps: number, total: number): number[] =>
  Array.from({ length: total }, (_, step) => scheduleFactor({ kind, warmupSteps }, step, total));

describe('scheduleFactor', () => {
  it('rises in equal parts, then falls in a straight line', () => {
    // (t+1)/2 for t < 2, then 1 − (t−2)/4.
    expect(over('linear', 2, 6)).toEqual([0.5, 1, 1, 0.75, 0.5, 0.25]);
  });

  it('falls in half a cosine', () => {
    const [a, b, c, d] = over('cosine', 0, 4);
    expect(a).toBe(1);
    expect(b).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(c).toBeCloseTo(0.5, 12);
    expect(d).toBeCloseTo((1 - Math.SQRT1_2) / 2, 12);
  });

  it('stays where it is, and takes a warm-up longer than the run', () => {
    expect(over('constant', 1, 3)).toEqual([1, 1, 1]);
    expect(over('linear', 10, 3)).toEqual([0.1, 0.2, 0.3]);
  });
});
