import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { removeFolder, temporaryFolder } from '../e2e/support/folder.js';
import { outputOf } from './support/left-behind.js';
import { writeMerge } from './support/models.js';
import { canTrace, type RunEnd, runMerge } from './support/strace.js';

let folder: string;
let reference: Record<string, string>;
let rounds = 0;

async function freshMerge(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = join(folder, String((rounds += 1)));
  await mkdir(path);
  await writeMerge(path, more);
  return path;
}

beforeAll(async () => {
  folder = await temporaryFolder();
  const path = await freshMerge();
  await runMerge(path);
  reference = await outputOf(path);
});
afterAll(() => removeFolder(folder));

/** strace's options: a call that always fails, on some paths only where any are named. */
const failing = (call: string, error: string, paths: readonly string[] = []): string[] => [
  ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`],
  ...['-e', `inject=${call}:error=${error}`],
  ...paths.flatMap((path) => ['-P', path]),
];

const traced = canTrace ? describe : describe.skip;

traced('a file system that cannot do all', () => {
  test.each(['EPERM', 'EXDEV', 'EMLINK', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'])(
    'refuses hard links (%s): copies, the same bytes',
    async (error) => {
      const path = await freshMerge();
      const { result, stderr } = await runMerge(path, failing('link,linkat', error));
      expect([result?.reason, stderr]).toEqual([undefined, '']);
      expect(await outputOf(path)).toEqual(reference);
    },
  );

  test.each(['EINVAL', 'EOPNOTSUPP'])('cannot make folders durable (%s): the same bytes', async (error) => {
    const path = await freshMerge();
    await mkdir(join(path, 'data/records'), { recursive: true });
    const folders = ['', 'data', 'data/records', 'data/scratch', 'data/stages'].map((name) =>
      join(path, name),
    );
    const { result, stderr } = await runMerge(path, failing('fsync', error, folders));
    expect([result?.reason, stderr]).toEqual([undefined, '']);
    expect(await outputOf(path)).toEqual(reference);
  });
});

/** What is said where the weights of the second model cannot be opened, or read. */
const REFUSALS = [
  ['EACCES', 'PERMISSION_DENIED', 'permission denied'],
  ['EPERM', 'PERMISSION_DENIED', 'permission denied'],
  ['EIO', 'IO', 'the disk or the network file system failed'],
  ['ESTALE', 'FILE_CHANGED', 'was replaced on its network file system'],
  ['EMFILE', 'TOO_MANY_OPEN_FILES', 'too many open files'],
  ['ENFILE', 'TOO_MANY_OPEN_FILES', 'too many open files'],
  ['EBUSY', 'FILE_BUSY', 'is in use by another process'],
  ['ELOOP', 'LINK_LOOP', 'lead in a circle'],
  ['ENXIO', 'IO', 'the disk or the network file system failed'],
  ['ENOMEM', 'OUT_OF_MEMORY', 'no memory left'],
] as const;

traced('a model that cannot be read', () => {
  test.each(REFUSALS)('where opening gives %s: %s', async (error, reason, text) => {
    const path = await freshMerge();
    const weights = join(path, 'two/model.safetensors');
    const { result } = await runMerge(path, failing('openat', error, [weights]));
    expect(result).toMatchObject({ reason });
    expect(result?.message).toContain('model.safetensors');
    expect(result?.message).toContain(text);
  });

  test('where reading gives EIO: IO, with the file', async () => {
    const path = await freshMerge();
    const { result } = await runMerge(path, failing('pread64', 'EIO', [join(path, 'two/model.safetensors')]));
    expect(result).toMatchObject({ reason: 'IO' });
    expect(result?.message).toContain('model.safetensors');
  });
});

const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt']).status === 0;
/** Runs with a folder that is mounted read-only. */
const READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
const onReadOnly = (path: string, name: string): Promise<RunEnd> =>
  runMerge(path, ['unshare', '-rm', 'sh', '-c', READ_ONLY, join(path, name)]);

(canMount ? describe : describe.skip)('a folder that is mounted read-only', () => {
  test('of the output: READ_ONLY, with the field and the path, and nothing is left', async () => {
    const path = await freshMerge();
    const output = join(path, 'models');
    await mkdir(output);
    await writeMerge(path, { output_uri: `file:${join(output, 'below/out')}` });
    const { result } = await onReadOnly(path, 'models');
    expect(result).toMatchObject({ reason: 'READ_ONLY' });
    expect(result?.message).toMatch(/^output_uri: /);
    expect(result?.message).toContain(join(output, 'below'));
  });

  test('of the data: says so, and no job begins', async () => {
    const path = await freshMerge();
    await mkdir(join(path, 'data'));
    const { status, stderr } = await onReadOnly(path, 'data');
    expect(status).not.toBe(0);
    expect(stderr).toContain('EROFS');
  });
});
