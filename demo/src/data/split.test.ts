import type { Example } from './example.js';
import { assignGroups, hashFraction, SPLITS, splitByGroup } from './split.js';

const SIZES = { train: 100, validation: 20, test: 40 };
const corpus: Example[] = Array.from({ length: 600 }, (_, i) => ({
  id: `e${i}`,
  group: `g${i % 60}`,
  label: i % 60 < 40 ? 'a' : 'b',
  text: `text ${i}`,
}));

describe('splitByGroup', () => {
  it.each([1, 2, 3, 4, 5])('keeps every group in one split (seed %i)', (seed) => {
    const split = splitByGroup(corpus, seed, SIZES);
    const home = new Map<string, string>();
    for (const name of SPLITS) {
      for (const { group } of split[name]) expect(home.get(group) ?? name).toBe(name);
      for (const { group } of split[name]) home.set(group, name);
    }
    expect(home.size).toBeGreaterThan(30);
  });

  it('gives the sizes asked for, and refuses more than there is', () => {
    const split = splitByGroup(corpus, 1, SIZES);
    for (const name of SPLITS) expect(split[name]).toHaveLength(SIZES[name]);
    expect(() => splitByGroup(corpus, 1, { ...SIZES, test: 400 })).toThrow('test: 400 examples asked for');
  });

  it('cuts the groups of each class at 60 % and 75 %', () => {
    const assigned = assignGroups(corpus, 7);
    const labels = new Map(corpus.map(({ group, label }) => [group, label]));
    const count = (label: string, split: string): number =>
      [...assigned].filter(([group, name]) => labels.get(group) === label && name === split).length;
    expect(SPLITS.map((name) => count('a', name))).toEqual([24, 6, 10]);
    expect(SPLITS.map((name) => count('b', name))).toEqual([12, 3, 5]);
  });

  it('depends on the seed, and on it alone', () => {
    const ids = (seed: number, examples = corpus): string[] =>
      splitByGroup(examples, seed, SIZES).test.map(({ id }) => id);
    expect(ids(1)).toEqual(
      ids(
        1,
        [...corpus].reverse().sort(() => 0),
      ),
    );
    expect(ids(1)).not.toEqual(ids(2));
  });
});

describe('hashFraction', () => {
  it('is the first 48 bits of SHA-256, which are uniform', () => {
    // printf '1\nx' | sha256sum
    expect(hashFraction(1, 'x')).toBe(0x16c10dfd2a1b / 2 ** 48);
    const values = Array.from({ length: 2000 }, (_, i) => hashFraction(1, `k${i}`));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    // The mean of 2000 uniform numbers has a standard error of 0.0065.
    expect(Math.abs(values.reduce((a, b) => a + b) / 2000 - 0.5)).toBeLessThan(0.03);
  });
});
