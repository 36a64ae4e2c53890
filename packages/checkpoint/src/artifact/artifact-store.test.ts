import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ArtifactStore, readArtifact } from './artifact-store.js';

const source = {
  inputs: { 'model/a': 'ff' },
  request: { rank: 8 },
  seed: '7',
  versions: { eigenloom: '0.1.0' },
};
const fill = async (staging: string): Promise<void> => {
  await writeFile(join(staging, 'b.txt'), 'bb');
  await mkdir(join(staging, 'a'));
  await writeFile(join(staging, 'a', 'c.txt'), 'c');
};
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigenloom-store-'));
  store = new ArtifactStore(join(folder, 'store'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const stages = (): Promise<string[]> => readdir(join(folder, 'store', 'stages'));

test('an artifact lists its files, and its digest is over their lines', async () => {
  const artifact = await store.commit({ job: 'j1', source, write: fill });
  expect(artifact.uri).toBe('job:j1');
  expect(artifact.files).toEqual([
    { path: 'a/c.txt', sizeBytes: 1n, sha256: sha('c') },
    { path: 'b.txt', sizeBytes: 2n, sha256: sha('bb') },
  ]);
  expect(artifact.digest).toBe(sha(`${sha('c')} a/c.txt\n${sha('bb')} b.txt\n`));
  expect(await readArtifact(await store.folderOf('j1'), 'job:j1')).toEqual(artifact);
  expect(await stages()).toEqual([]);
});

test('a digest that the writer knows is taken; one without a file is refused', async () => {
  const known = sha('of what was written');
  const write = async (staging: string): Promise<Record<string, string>> => {
    await fill(staging);
    return { 'b.txt': known };
  };
  const artifact = await store.commit({ job: 'j1', source, write });
  expect(artifact.files.map(({ path, sha256 }) => [path, sha256])).toEqual([
    ['a/c.txt', sha('c')],
    ['b.txt', known],
  ]);
  const missing = store.commit({ job: 'j2', source, write: () => Promise.resolve({ 'b.txt': known }) });
  await expect(missing).rejects.toMatchObject({ reason: 'FILE_NOT_WRITTEN' });
  expect(await stages()).toEqual([]);
});

test('the manifest is the same wherever and whenever it is made', async () => {
  await store.commit({ job: 'j1', source, write: fill });
  await store.commit({ job: 'j2', target: join(folder, 'out'), targetUri: 'file:out', source, write: fill });
  const inside = await readFile(join(await store.folderOf('j1'), 'manifest.json'), 'utf8');
  expect(await readFile(join(folder, 'out', 'manifest.json'), 'utf8')).toBe(inside);
});

test('a job that committed before gets its artifact again, at a target too', async () => {
  const target = join(folder, 'deep', 'out');
  const request = { job: 'j1', target, targetUri: 'file:out', source, write: fill };
  const first = await store.commit(request);
  const write = jest.fn();
  expect(await store.commit({ ...request, write })).toEqual(first);
  expect(write).not.toHaveBeenCalled();
  expect(await store.folderOf('j1')).toBe(target);
});

test('a target that exists is refused and left alone', async () => {
  const target = join(folder, 'out');
  await mkdir(target);
  const commit = store.commit({ job: 'j1', target, source, write: fill, field: 'output_uri' });
  await expect(commit).rejects.toMatchObject({ reason: 'OUTPUT_EXISTS', kind: 'ALREADY_EXISTS' });
  expect(await readdir(target)).toEqual([]);
});

test('a target that appears while the artifact is written is refused', async () => {
  const target = join(folder, 'out');
  const commit = store.commit({
    job: 'j1',
    target,
    source,
    write: fill,
    fence: async () => {
      await mkdir(target);
      await writeFile(join(target, 'theirs'), '');
    },
  });
  await expect(commit).rejects.toMatchObject({ reason: 'OUTPUT_EXISTS' });
  expect(await readdir(target)).toEqual(['theirs']);
  expect(await stages()).toEqual([]);
});

test.each(['write', 'fence'] as const)('a failure in %s leaves nothing', async (where) => {
  const failing = (): Promise<void> => Promise.reject(new Error('no'));
  const commit = store.commit({ job: 'j1', source, write: fill, [where]: failing });
  await expect(commit).rejects.toThrow('no');
  expect(await stages()).toEqual([]);
  await expect(store.folderOf('j1')).rejects.toMatchObject({ reason: 'UNKNOWN_JOB' });
});

test('a cancelled job commits nothing', async () => {
  const controller = new AbortController();
  const write = async (staging: string): Promise<void> => {
    await fill(staging);
    controller.abort();
  };
  const commit = store.commit({ job: 'j1', source, write, signal: controller.signal });
  await expect(commit).rejects.toMatchObject({ name: 'AbortError' });
  expect(await stages()).toEqual([]);
});

test('links in an artifact are refused', async () => {
  const write = (staging: string): Promise<void> => symlink('/etc/passwd', join(staging, 'x'));
  await expect(store.commit({ job: 'j1', source, write })).rejects.toMatchObject({
    reason: 'UNSAFE_FILE_NAME',
  });
});

test('stages of dead jobs are removed, those of live ones stay', async () => {
  await mkdir(join(folder, 'store', 'stages', 'dead.1'), { recursive: true });
  await mkdir(join(folder, 'store', 'stages', 'live.residual.2'));
  expect(await store.removeStaleStages((job) => job === 'live')).toEqual(['dead.1']);
  expect(await stages()).toEqual(['live.residual.2']);
});

test('parts of one job are separate artifacts', async () => {
  await store.commit({ job: 'j1', source, write: fill });
  const part = await store.commit({ job: 'j1', part: 'residual', source, write: fill });
  expect(part.uri).toBe('job:j1.residual');
});
