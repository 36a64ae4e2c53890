import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DigestCache } from './digest-cache.js';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;
let path: string;
let cache: DigestCache;
/** What the cache takes the time to be. */
let nowMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigenloom-digests-'));
  path = join(folder, 'weights');
  nowMs = 0;
  cache = new DigestCache(join(folder, 'digests'), () => nowMs);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const entries = (): Promise<string[]> => readdir(join(folder, 'digests')).catch(() => []);
/** Lets the file become that old. */
async function age(ms: number): Promise<void> {
  const { mtimeMs, ctimeMs } = await stat(path);
  nowMs = Math.trunc(Math.max(mtimeMs, ctimeMs)) + ms;
}
/** Old enough that a later change is seen. */
const settle = (): Promise<void> => age(2001);
const known = async (): Promise<string | undefined> => (await cache.look(path)).known;

test('a file that has not changed is not hashed again, whatever its name', async () => {
  await writeFile(path, 'abc');
  await settle();
  expect(await known()).toBeUndefined();
  expect(await cache.of(path)).toBe(sha('abc'));
  // What the cache says is taken, not the content: the entry is made to say something else.
  const [entry = ''] = await entries();
  const stored = await readFile(join(folder, 'digests', entry), 'utf8');
  await writeFile(join(folder, 'digests', entry), stored.replace(sha('abc'), sha('from the cache')));
  expect(await cache.of(path)).toBe(sha('from the cache'));
});

test('a change of content that keeps size and time of modification is seen', async () => {
  await writeFile(path, 'abc');
  const time = new Date(Date.now() - 10_000);
  await utimes(path, time, time);
  await settle();
  expect(await cache.of(path)).toBe(sha('abc'));
  const { ctimeNs } = await stat(path, { bigint: true });
  // The file system's clock goes in steps: written until it has made one.
  do {
    await writeFile(path, 'abd');
    await utimes(path, time, time);
  } while ((await stat(path, { bigint: true })).ctimeNs === ctimeNs);
  expect(await cache.of(path)).toBe(sha('abd'));
});

test('another file under the same name is hashed', async () => {
  await writeFile(path, 'abc');
  await settle();
  await cache.of(path);
  await writeFile(join(folder, 'other'), 'xyz');
  await rename(join(folder, 'other'), path);
  expect(await cache.of(path)).toBe(sha('xyz'));
});

test('a file that has just been written is not remembered', async () => {
  await writeFile(path, 'abc');
  await age(2000);
  expect(await cache.of(path)).toBe(sha('abc'));
  expect(await entries()).toEqual([]);
});

test('what changes while it is hashed is not remembered', async () => {
  await writeFile(path, 'abc');
  await settle();
  const { keep } = await cache.look(path);
  await writeFile(path, 'abcd');
  await settle();
  await keep(sha('abc'));
  expect(await entries()).toEqual([]);
});

test('a broken entry counts as none', async () => {
  await writeFile(path, 'abc');
  await settle();
  await cache.of(path);
  const [entry = ''] = await entries();
  await writeFile(join(folder, 'digests', entry), '{"size":');
  expect(await cache.of(path)).toBe(sha('abc'));
});
