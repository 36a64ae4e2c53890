import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from './atomic-file.js';

describe('writeWhole', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('replaces a file by the whole new content', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, 'old content');
    await writeWhole(path, [Buffer.from('ne'), Buffer.from('w')]);
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('leaves the old file and nothing else when the content fails to come', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, 'old content');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      await Promise.resolve();
      throw new Error('gone');
    }
    await expect(writeWhole(path, broken())).rejects.toThrow('gone');
    expect(await readFile(path, 'utf8')).toBe('old content');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('names the file when its folder is missing', async () => {
    await expect(writeWhole(join(folder, 'b', 'a.json'), [])).rejects.toMatchObject({
      kind: 'NOT_FOUND',
      message: `cannot write into the folder of ${join(folder, 'b', 'a.json')}`,
    });
  });
});
