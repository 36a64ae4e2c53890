import { groupBootstrap, wilson } from './intervals.js';
import { holm, pairedTest } from './paired-test.js';

describe('wilson', () => {
  it('agrees with scipy.stats.binomtest(81, 100).proportion_ci(method="wilson")', () => {
    expect(wilson(81, 100)[0]).toBeCloseTo(0.7222115462093562, 12);
    expect(wilson(81, 100)[1]).toBeCloseTo(0.8748524849023126, 12);
    // No failures: the upper bound is 1 and the lower n / (n + z²).
    expect(wilson(10, 10)[0]).toBeCloseTo(10 / (10 + 1.959964 ** 2), 6);
    expect(wilson(10, 10)[1]).toBeCloseTo(1, 12);
  });
});

describe('groupBootstrap', () => {
  const outcomes = (groupSize: number): { group: string; right: boolean }[] =>
    Array.from({ length: 400 }, (_, i) => ({
      group: `g${Math.floor(i / groupSize)}`,
      right: Math.floor(i / groupSize) % 4 !== 0,
    }));

  it('is close to Wilson for independent examples, wider for dependent ones, and the same every time', () => {
    const width = ([low, high]: readonly [number, number]): number => high - low;
    const independent = width(groupBootstrap(outcomes(1)));
    expect(Math.abs(independent - width(wilson(300, 400)))).toBeLessThan(0.012);
    // 20 examples in a group that all agree: the standard error grows by √20.
    const ratio = width(groupBootstrap(outcomes(20))) / independent;
    expect(ratio).toBeGreaterThan(3.6);
    expect(ratio).toBeLessThan(5.4);
    expect(groupBootstrap(outcomes(20))).toEqual(groupBootstrap(outcomes(20)));
  });
});

describe('pairedTest', () => {
  it('agrees with the closed form for two degrees of freedom', () => {
    // Differences 1, 2, 3: mean 2, standard error 1/√3, t = 2√3. For two degrees of freedom P(|T| > t) = 1 − t/√(2 + t²).
    const test = pairedTest([0, 0, 0], [1, 2, 3]);
    const t = 2 * Math.sqrt(3);
    expect(test.p).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 10);
    // Critical value 4.302653 (tables).
    expect(test.interval?.[0]).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 5);
    expect(test.difference).toBe(2);
  });

  it('does not test one pair', () => {
    expect(pairedTest([1], [2])).toEqual({ pairs: 1, difference: 1 });
  });
});

describe('holm', () => {
  it('steps down and keeps order', () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});
