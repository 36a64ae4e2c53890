import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labelsOf, loadDataset } from './dataset.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
});
afterAll(() => rm(folder, { recursive: true }));

const file = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

describe('loadDataset', () => {
  it('reads one text a line, without line ends, blank lines and byte-order mark', async () => {
    const path = await file('a.txt', '\ufefffirst\r\n\r\n  \nsecond é\n{"text":"not json here"}');
    expect(await loadDataset(path)).toEqual([
      { text: 'first', line: 1 },
      { text: 'second é', line: 4 },
      { text: '{"text":"not json here"}', line: 5 },
    ]);
  });

  it('reads JSONL with classes as strings or integers', async () => {
    const path = await file('b.jsonl', '{"text":"x","label":"spam"}\n{"text":"y","label":3}\n{"text":"z"}\n');
    expect((await loadDataset(path)).map(({ label }) => label)).toEqual(['spam', '3', undefined]);
    const named = await file('c.jsonl', '{"body":"x","party":"Whig","text":1}\n');
    expect(await loadDataset(named, { textField: 'body', labelField: 'party' })).toEqual([
      { text: 'x', label: 'Whig', line: 1 },
    ]);
  });

  it('joins lines that cross the chunks of a stream and stops at the limit', async () => {
    const long = 'é'.repeat(50_000);
    const path = await file('long.txt', `${long}\n${long}x\n${long}y`);
    const examples = await loadDataset(path, { limit: 2 });
    expect(examples.map(({ text }) => text.length)).toEqual([50_000, 50_001]);
    expect(examples[1]?.text.endsWith('éx')).toBe(true);
  });

  it.each([
    ['bad.jsonl', '{"text":"ok"}\n{"text":\n', 'JSON_INVALID', /bad\.jsonl:2: not JSON/],
    ['array.jsonl', '{"text":"ok"}\n[1]\n', 'JSON_INVALID', /array\.jsonl:2: not a JSON object/],
    ['text.jsonl', '{"text":5}', 'TEXT_MISSING', /text\.jsonl:1: field text/],
    ['label.jsonl', '\n{"text":"a","label":1.5}', 'LABEL_INVALID', /label\.jsonl:2: field label/],
    ['proto.jsonl', '{"__proto__":{"text":"a"}}', 'TEXT_MISSING', /proto\.jsonl:1/],
    ['empty.txt', '\n\n', 'DATASET_EMPTY', /empty\.txt has no examples/],
  ])('names file and line: %s', async (name, content, reason, message) => {
    await expect(loadDataset(await file(name, content))).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses bytes that are not UTF-8, missing classes, missing files and folders', async () => {
    const latin = await file('latin.txt', Buffer.from('ok\ncaf\xe9\n', 'latin1'));
    await expect(loadDataset(latin)).rejects.toThrow('latin.txt:2: not UTF-8');
    const unlabelled = await file('unlabelled.txt', 'a\n');
    await expect(loadDataset(unlabelled, { requireLabels: true })).rejects.toThrow(
      'unlabelled.txt:1: no field label',
    );
    await expect(loadDataset(join(folder, 'nowhere.txt'))).rejects.toMatchObject({ kind: 'NOT_FOUND' });
    await expect(loadDataset(folder)).rejects.toMatchObject({ reason: 'NOT_A_FILE' });
  });

  it('refuses a line without end', async () => {
    const path = await file('endless.txt', Buffer.alloc(17 * 1024 ** 2, 'a'));
    await expect(loadDataset(path)).rejects.toMatchObject({
      kind: 'LIMIT_EXCEEDED',
      reason: 'LINE_TOO_LONG',
    });
  });
});

describe('labelsOf', () => {
  it('sorts integers by value and names by code units', () => {
    const of = (...labels: string[]): string[] =>
      labelsOf(labels.map((label) => ({ text: '', label, line: 1 })));
    expect(of('10', '9', '-1', '9')).toEqual(['-1', '9', '10']);
    expect(of('b', 'B', '10', 'a')).toEqual(['10', 'B', 'a', 'b']);
  });
});
