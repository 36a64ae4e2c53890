import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ArtifactCache, type CacheRequest } from './artifact-cache.js';

let folder: string;
let cache: ArtifactCache;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigenloom-cache-'));
  cache = new ArtifactCache(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const key = { statistic: 'fisher', version: 1, inputs: { model: 'ff' } };
/** A request that counts how often its content was written. */
function counting(more: Partial<CacheRequest> = {}): CacheRequest & { runs: number } {
  const request = {
    key,
    scratch: join(folder, 'scratch'),
    runs: 0,
    write: async (staging: string) => {
      request.runs += 1;
      await writeFile(join(staging, 'x'), 'content');
    },
    ...more,
  };
  return request;
}
const entries = (): Promise<string[]> => readdir(join(folder, 'cache'));
const left = (): Promise<string[]> => readdir(join(folder, 'scratch'));

test('an entry is written once and found by its key, whatever the order of its fields', async () => {
  const first = counting();
  const path = await cache.folderOf(first);
  expect(await readFile(join(path, 'x'), 'utf8')).toBe('content');
  const again = counting({ key: { inputs: { model: 'ff' }, version: 1, statistic: 'fisher' } });
  // Another process would have a cache object of its own.
  expect(await new ArtifactCache(folder).folderOf(again)).toBe(path);
  const other = counting({ key: { ...key, version: 2 } });
  expect(await cache.folderOf(other)).not.toBe(path);
  expect([first.runs, again.runs, other.runs]).toEqual([1, 0, 1]);
  expect(await left()).toEqual([]);
});

test.each([
  ['a changed byte', (path: string) => writeFile(join(path, 'x'), 'c0ntent')],
  ['a file that is gone', (path: string) => rm(join(path, 'x'))],
  ['a file too many', (path: string) => writeFile(join(path, 'y'), '')],
  ['a manifest that is no JSON', (path: string) => writeFile(join(path, 'manifest.json'), '{')],
  ['a manifest that is gone', (path: string) => rm(join(path, 'manifest.json'))],
])('%s is found and the entry computed anew', async (_, damage) => {
  const path = await cache.folderOf(counting());
  await damage(path);
  const again = counting();
  expect(await cache.folderOf(again)).toBe(path);
  expect(again.runs).toBe(1);
  expect((await readdir(path)).sort()).toEqual(['manifest.json', 'x']);
  expect(await readFile(join(path, 'x'), 'utf8')).toBe('content');
  expect(await left()).toEqual([]);
});

test('two requests at once compute an entry once', async () => {
  const [one, two] = [counting(), counting()];
  const [a, b] = await Promise.all([cache.folderOf(one), cache.folderOf(two)]);
  expect(a).toBe(b);
  expect(one.runs + two.runs).toBe(1);
});

test('of two processes at once the first to finish is kept, and the other uses it', async () => {
  const late = counting({
    write: async (staging) => {
      await writeFile(join(staging, 'x'), 'late');
      await new ArtifactCache(folder).folderOf(counting());
    },
  });
  const path = await cache.folderOf(late);
  expect(await readFile(join(path, 'x'), 'utf8')).toBe('content');
  expect(await entries()).toHaveLength(1);
  expect(await left()).toEqual([]);
});

test('a failure leaves no entry, and one who waited computes it himself', async () => {
  const failing = counting({ write: () => Promise.reject(new Error('no')) });
  const waiting = counting();
  const [failed, done] = await Promise.allSettled([cache.folderOf(failing), cache.folderOf(waiting)]);
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'no' } });
  expect(done.status).toBe('fulfilled');
  expect(waiting.runs).toBe(1);
  expect(await left()).toEqual([]);
});

test('who is cancelled while another computes stops waiting; what was cancelled itself appears nowhere', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const slow = counting({ write: () => finished });
  const computing = cache.folderOf(slow);
  const waiting = cache.folderOf(counting({ signal }));
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  finish();
  await computing;
  const own = new AbortController();
  const request = counting({
    key: { other: 1 },
    signal: own.signal,
    write: (staging) => {
      own.abort();
      return writeFile(join(staging, 'x'), '');
    },
  });
  await expect(cache.folderOf(request)).rejects.toMatchObject({ name: 'AbortError' });
  expect(await entries()).toHaveLength(1);
});

test('beyond the limit what has not been used for the longest time goes, but nothing that was used lately', async () => {
  const limited = new ArtifactCache(folder, 250);
  const sized = (name: string): CacheRequest =>
    counting({ key: { name }, write: (s) => writeFile(join(s, 'x'), 'x'.repeat(30)) });
  const used = async (name: string, hoursAgo: number): Promise<string> => {
    const path = await limited.folderOf(sized(name));
    const at = new Date(Date.now() - 3_600_000 * hoursAgo);
    await utimes(path, at, at);
    return path;
  };
  // Each takes 30 bytes and a manifest of more than 100, so two are beyond the limit.
  const oldest = await used('a', 5);
  const older = await used('b', 4);
  await limited.folderOf(sized('a'));
  const lately = await limited.folderOf(sized('c'));
  expect((await entries()).map((name) => join(folder, 'cache', name)).sort()).toEqual(
    [oldest, lately].sort(),
  );
  const another = await limited.folderOf(sized('d'));
  expect(await entries()).toHaveLength(3);
  expect([older, oldest, lately]).not.toContain(another);
  expect(await left()).toEqual([]);
});

test('a process that dies between writing and the rename leaves no entry, only its scratch', async () => {
  const script = `
    const { ArtifactCache } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist', 'artifact', 'artifact-cache.js'))});
    const { writeFileSync } = require('node:fs');
    new ArtifactCache(process.argv[1]).folderOf({
      key: ${JSON.stringify(key)},
      scratch: process.argv[1] + '/scratch',
      write: async (staging) => {
        writeFileSync(staging + '/x', 'content');
        process.kill(process.pid, 'SIGKILL');
      },
    });`;
  expect(() => execFileSync(process.execPath, ['-e', script, folder], { stdio: 'pipe' })).toThrow();
  expect(await left()).toHaveLength(1);
  await expect(entries()).rejects.toMatchObject({ code: 'ENOENT' });
  const next = counting();
  await cache.folderOf(next);
  expect(next.runs).toBe(1);
});
