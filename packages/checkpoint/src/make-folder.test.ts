import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toAppError } from '@eigenloom/errors';

import { makeFolder } from './make-folder.js';

test('makes a folder with those above it, and says what stands in its way', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-folder-'));
  try {
    await makeFolder(join(folder, 'a/b/c'));
    await makeFolder(join(folder, 'a/b/c'));
    expect((await stat(join(folder, 'a/b/c'))).isDirectory()).toBe(true);
    await writeFile(join(folder, 'file'), '');
    for (const path of ['file', 'file/b', 'file/b/c']) {
      const error = await makeFolder(join(folder, path)).catch(toAppError);
      expect(error).toMatchObject({ reason: 'NOT_A_FOLDER' });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
