import { inParallel } from './in-parallel.js';

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('inParallel', () => {
  it('runs at most as many at once as it may, and each once', async () => {
    let [running, most] = [0, 0];
    const seen: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
      running += 1;
      most = Math.max(most, running);
      seen.push(item);
      await soon();
      running -= 1;
    });
    expect(most).toBe(2);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('starts nothing after a failure and throws it', async () => {
    const seen: number[] = [];
    const work = inParallel([1, 2, 3, 4], 1, async (item) => {
      seen.push(item);
      await soon();
      if (item === 2) throw new Error('two');
    });
    await expect(work).rejects.toThrow('two');
    expect(seen).toEqual([1, 2]);
  });
});
