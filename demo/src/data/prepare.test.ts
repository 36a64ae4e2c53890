import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jaccard, NEAR_DUPLICATE_JACCARD, shingles } from './near-duplicates.js';
import { prepareData, type PreparedTask } from './prepare.js';
import { SPLITS } from './split.js';
import type { Example } from './example.js';

// The real data sets: these are the tests that a leak between the splits of the demo would fail.
describe('prepared data', () => {
  let folder: string;
  let tasks: readonly PreparedTask[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-demo-'));
    tasks = await prepareData(folder, {
      sizes: { train: 1200, validation: 200, test: 500 },
      splitSeed: 1,
      speechLabel: 'period',
      speechGrouping: 'speech',
    });
  });
  afterAll(() => rm(folder, { recursive: true }));

  const read = async (path: string): Promise<Example[]> =>
    (await readFile(path, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Example);

  it.each([0, 1])('task %i: no group and no near-duplicate in two splits', async (index) => {
    const task = tasks[index]!;
    const splits = await Promise.all(SPLITS.map((name) => read(task.files[name])));
    const groups = splits.map((examples) => new Set(examples.map(({ group }) => group)));
    const shingled = splits.map((examples) => examples.map(({ text }) => shingles(text)));
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      expect([...groups[a]!].filter((group) => groups[b]!.has(group))).toEqual([]);
      let closest = 0;
      for (const x of shingled[a]!) for (const y of shingled[b]!) closest = Math.max(closest, jaccard(x, y));
      expect(closest).toBeLessThan(NEAR_DUPLICATE_JACCARD);
    }
    expect(splits.map(({ length }) => length)).toEqual([1200, 200, 500]);
  });

  it('keeps nothing of headers, addresses, list tags or stage directions', async () => {
    const texts = (await Promise.all(tasks.map(({ files }) => read(files.train)))).map((examples) =>
      examples.map(({ text }) => text),
    );
    for (const text of texts[0]!) expect(text).not.toMatch(/\(\s*applause|\[laughter/i);
    for (const text of texts[1]!)
      expect(text).not.toMatch(/https?:\/\/|\w@\w+\.|^\[[A-Z]|\w\.(?:com|org|net|ie)\b|Received:/i);
  });

  it('has both classes in every split, and states the majority baseline of the test split', () => {
    for (const { splits, labels, majorityBaseline } of tasks) {
      for (const name of SPLITS) expect(Object.keys(splits[name].classes)).toEqual(labels);
      const [majority] = Object.entries(splits.train.classes).sort(([, x], [, y]) => y - x)[0]!;
      expect(majorityBaseline).toBe(splits.test.classes[majority]! / 500);
    }
  });
});
