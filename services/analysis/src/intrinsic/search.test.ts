import { bisect, triesOf } from './search.js';

test('finds the first that is enough, each try being of another candidate, in no more tries than it says', async () => {
  for (const count of [1, 2, 5, 21]) {
    const candidates = Array.from({ length: count }, (_, i) => 10 * i);
    for (let first = 0; first <= count; first += 1) {
      const tried: number[] = [];
      const found = await bisect(candidates, (candidate) => {
        tried.push(candidate);
        return Promise.resolve(candidate >= 10 * first);
      });
      expect(found).toBe(candidates[first]);
      expect(new Set(tried).size).toBe(tried.length);
      expect(tried.length).toBeLessThanOrEqual(triesOf(count));
    }
  }
});
