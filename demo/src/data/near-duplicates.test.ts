import { jaccard, nearDuplicates, shingles } from './near-duplicates.js';

const WORDS = 'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu'.split(' ');

/** All pairs, the slow way. */
function bruteForce(texts: readonly string[], threshold: number): Set<number> {
  const kept: number[] = [];
  const out = new Set<number>();
  const sets = texts.map(shingles);
  texts.forEach((_, i) => {
    if (kept.some((j) => jaccard(sets[i]!, sets[j]!) >= threshold)) out.add(i);
    else kept.push(i);
  });
  return out;
}

describe('nearDuplicates', () => {
  it('finds copies that differ in case, numbers, punctuation and a random suffix', () => {
    const text = 'Make money fast from your own home and retire early with our free guide';
    expect([
      ...nearDuplicates([
        text,
        `${text.toUpperCase()}!!! 39281`,
        `${text} xkjqz`,
        'Something else altogether, said once.',
      ]),
    ]).toEqual([1, 2]);
  });

  it('is exact: agrees with the comparison of all pairs on random texts', () => {
    let state = 12345;
    const next = (n: number): number => (state = (state * 1103515245 + 12345) % 2147483648) % n;
    const bases = Array.from({ length: 20 }, () => Array.from({ length: 14 }, () => WORDS[next(12)]!));
    const texts = Array.from({ length: 300 }, () => {
      const words = [...bases[next(20)]!];
      for (let edits = next(5); edits > 0; edits -= 1) words[next(14)] = WORDS[next(12)]!;
      return words.join(' ');
    });
    for (const threshold of [0.3, 0.5, 0.8]) {
      const expected = bruteForce(texts, threshold);
      expect(expected.size).toBeGreaterThan(20);
      expect([...nearDuplicates(texts, threshold)]).toEqual([...expected]);
    }
  });

  it('compares texts shorter than a shingle as a whole', () => {
    expect([...nearDuplicates(['Thank you.', 'thank you', 'No.'])]).toEqual([1]);
  });
});
