import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

import { SafetensorsFile } from '../checkpoint/safetensors-file.js';
import { fromNative } from './native-error.js';

/** An error as the bridge throws it. */
const thrown = (detail: string): Error => Object.assign(new Error(detail), { code: 'IO' });

test.each([
  ['EACCES', 'PERMISSION_DENIED'],
  ['EROFS', 'READ_ONLY'],
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['EMFILE', 'TOO_MANY_OPEN_FILES'],
  ['EIO', 'IO'],
  ['ESTALE', 'FILE_CHANGED'],
] as const)('what the system refuses the core has the meaning it has elsewhere: %s', (code, reason) => {
  const error = fromNative(thrown(`Refused (os error ${constants.errno[code]})`), 'model.safetensors');
  expect(error).toMatchObject({ reason, details: { errno: code } });
  expect(error.message).toMatch(/^model\.safetensors: /);
});

test('a file that becomes shorter while it is read, and one that is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eigenloom-core-'));
  try {
    const path = join(folder, 'm.safetensors');
    const header = Buffer.from('{"w":{"dtype":"F32","shape":[64],"data_offsets":[0,256]}}');
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.byteLength));
    await writeFile(path, Buffer.concat([size, header, Buffer.alloc(256)]));
    const file = await SafetensorsFile.open(path);
    await truncate(path, 100);
    const read = await file.read('w', 'f32').catch((error: unknown) => error);
    expect(read).toMatchObject({ kind: expect.stringMatching(/CONFLICT|CORRUPT_DATA/) as unknown });
    expect((read as Error).message).toMatch(/^m\.safetensors: /);
    await mkdir(join(folder, 'folder'));
    await expect(SafetensorsFile.open(join(folder, 'folder'))).rejects.toMatchObject({
      reason: 'NOT_A_FILE',
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
