import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScratchFolders } from './scratch-folders.js';

// /dev/shm is another file system than the temporary folder on Linux; elsewhere there is nothing to test against.
const SHARED_MEMORY = '/dev/shm';

describe('scratch folders', () => {
  let data: string;
  let scratch: ScratchFolders;
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'eigenloom-scratch-'));
    scratch = new ScratchFolders(join(data, 'scratch'));
    await scratch.prepare();
  });
  afterEach(() => rm(data, { recursive: true }));

  it('are in the data folder when the output is on its file system, or in the store', async () => {
    for (const [id, output] of [
      ['a', join(data, 'not/there/out')],
      ['b', undefined],
    ] as const) {
      const { folder, stages } = await scratch.open(id, output);
      expect([folder, stages]).toEqual([join(data, 'scratch', id), undefined]);
    }
    expect((await scratch.ids()).sort()).toEqual(['a', 'b']);
  });

  const device = async (path: string): Promise<number> => (await stat(path).catch(() => ({ dev: -1 }))).dev;

  it('are beside an output on another file system, found again after a crash, and removed', async () => {
    const [here, shared] = await Promise.all([device(data), device(SHARED_MEMORY)]);
    if (shared === -1 || shared === here) return;
    const there = await mkdtemp(join(SHARED_MEMORY, 'eigenloom-output-'));
    try {
      const { folder, stages = '', cacheFolder } = await scratch.open('job', join(there, 'new/out'));
      expect(await device(folder)).toBe(shared);
      await writeFile(join(folder, 'checkpoint'), 'step 120');
      await mkdir(cacheFolder);
      expect(await device(cacheFolder)).toBe(here);
      await mkdir(stages);
      // What the folder is for: a rename to the output.
      await rename(stages, join(there, 'renamed'));
      const again = await new ScratchFolders(join(data, 'scratch')).open('job', join(there, 'new/out'));
      expect(await readFile(join(again.folder, 'checkpoint'), 'utf8')).toBe('step 120');
      expect(await scratch.ids()).toEqual(['job']);
      await scratch.remove('job');
      expect(await readdir(there)).toEqual(['renamed']);
      expect(await readdir(join(data, 'scratch'))).toEqual([]);
    } finally {
      await rm(there, { recursive: true });
    }
  });

  it('stay where they are when the output turns out to be elsewhere', async () => {
    const { folder } = await scratch.open('job', undefined);
    expect((await scratch.open('job', join(SHARED_MEMORY, 'out'))).folder).toBe(folder);
    expect((await lstat(folder)).isDirectory()).toBe(true);
  });
});
