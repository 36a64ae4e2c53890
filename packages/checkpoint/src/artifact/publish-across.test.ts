import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ArtifactStore } from './artifact-store.js';

// /dev/shm is another file system than the temporary folder on Linux; elsewhere there is nothing to test against.
const SHARED_MEMORY = '/dev/shm';

test('an artifact reaches another file system whole', async () => {
  const here = await mkdtemp(join(tmpdir(), 'eigenloom-store-'));
  const device = async (path: string): Promise<number> => (await stat(path)).dev;
  const there = (await device(SHARED_MEMORY).catch(() => -1)) === (await device(here)) ? here : SHARED_MEMORY;
  const outside = await mkdtemp(join(there, 'eigenloom-target-'));
  try {
    const write = (staging: string): Promise<void> => writeFile(join(staging, 'x'), 'content');
    const source = { inputs: {}, request: {}, seed: '0', versions: {} };
    const target = join(outside, 'out');
    await new ArtifactStore(here).commit({ job: 'j', target, targetUri: 'file:out', source, write });
    expect(await readFile(join(target, 'x'), 'utf8')).toBe('content');
    expect(await readdir(outside)).toEqual(['out']);
    expect(await readdir(join(here, 'stages'))).toEqual([]);
  } finally {
    await rm(here, { recursive: true, force: true });
    await rm(outside, { recursive: true, force: true });
  }
});
