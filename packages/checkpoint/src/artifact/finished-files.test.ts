import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FinishedFiles } from './finished-files.js';

const isNumber = (value: unknown): value is number => typeof value === 'number';
const CONTENT = Buffer.from(Array.from({ length: 64 }, (_, i) => (37 * i) % 256));

/** Thousands of synced writes. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigenloom-finished-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (key = 'k'): Promise<FinishedFiles<number>> => FinishedFiles.open(folder, key, isNumber);

async function finish(files: FinishedFiles<number>, file: string, note: number): Promise<void> {
  await writeFile(files.pathOf(file), CONTENT);
  const sha256 = createHash('sha256').update(CONTENT).digest('hex');
  await files.keep(file, { sha256, sizeBytes: CONTENT.length, note });
}

/** What a later attempt finds, and what it hears is damaged. */
async function found(file: string): Promise<{ note: number | undefined; damaged: string[] }> {
  const damaged: string[] = [];
  const record = await (await open()).find(file, (name) => damaged.push(name));
  return { note: record?.note, damaged };
}

test('the next attempt finds a file with its note, and places it without a copy', async () => {
  await finish(await open(), 'a', 0.1 + 0.2);
  expect(await found('a')).toEqual({ note: 0.1 + 0.2, damaged: [] });
  const place = join(folder, 'k', 'placed');
  await (await open()).place('a', place);
  expect(await readFile(join(place, 'a'))).toEqual(CONTENT);
  expect((await stat(join(place, 'a'))).ino).toBe((await stat(join(folder, 'k', 'a'))).ino);
  // It stays, for a worker that lost the job may look for it.
  expect((await found('a')).note).toBe(0.1 + 0.2);
});

test('a file without a record does not count; half-written files and those of another key go', async () => {
  const files = await open();
  await writeFile(files.pathOf('a'), CONTENT);
  await writeFile(files.pathOf('.a.partial'), CONTENT);
  await mkdir(join(folder, 'older'));
  await writeFile(join(folder, 'older', 'a'), CONTENT);
  expect(await found('a')).toEqual({ note: undefined, damaged: [] });
  expect(await readdir(folder)).toEqual(['k']);
  expect(await readdir(join(folder, 'k'))).toEqual(['a']);
});

test('a bit flip at any bit and a cut at any byte are found, and that file alone is given up', async () => {
  const files = await open();
  for (const [name, flips] of [
    ['a', CONTENT.length],
    ['a.record.json', undefined],
  ] as const) {
    await finish(files, 'a', 7);
    await finish(files, 'b', 8);
    const path = files.pathOf(name);
    const whole = await readFile(path);
    for (let at = 0; at < (flips ?? whole.length); at += 1) {
      for (const broken of [flipped(whole, at), whole.subarray(0, at)]) {
        await finish(files, 'a', 7);
        await writeFile(path, broken);
        const { note, damaged } = await found('a');
        // The final newline of the record says nothing.
        const harmless = name !== 'a' && at === whole.length - 1;
        if (!harmless) expect({ at, note, damaged }).toEqual({ at, note: undefined, damaged: ['a'] });
      }
    }
    expect(await found('b')).toEqual({ note: 8, damaged: [] });
  }
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}
