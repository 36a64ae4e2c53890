import { link, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AppError } from './index.js';
import { about, errnoName, systemError, toAppError, withPath } from './index.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigenloom-errno-'));
  await writeFile(join(folder, 'file'), 'x');
  await mkdir(join(folder, 'full/inner'), { recursive: true });
  await symlink('loop', join(folder, 'loop'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a failing call of this machine becomes. */
const failureOf = (call: () => Promise<unknown>): Promise<AppError> =>
  call().then(
    () => {
      throw new Error('succeeded');
    },
    (error: unknown) => toAppError(error),
  );

test.each([
  ['FILE_NOT_FOUND', 'none: does not exist', () => readFile(join(folder, 'none'))],
  ['NOT_A_FOLDER', 'x: a part of its path is a file', () => readFile(join(folder, 'file/x'))],
  ['NOT_A_FILE', 'is a folder where a file is wanted', () => readFile(folder)],
  ['LINK_LOOP', 'loop: its symbolic links lead in a circle', () => readFile(join(folder, 'loop'))],
  ['NAME_TOO_LONG', 'too long for the file system', () => readdir(join(folder, 'n'.repeat(300)))],
  ['PATH_EXISTS', 'full: already exists', () => rename(join(folder, 'full/inner'), join(folder, 'full'))],
  ['PATH_EXISTS', 'loop: already exists', () => link(join(folder, 'file'), join(folder, 'loop'))],
] as const)('a call that the system refuses: %s', async (reason, text, call) => {
  const error = await failureOf(call);
  expect(error).toMatchObject({ reason });
  expect(error.message).toContain(text);
  expect(error.message).not.toContain(folder);
});

test('no number of this system ends as an internal error', () => {
  const thrown = (code: string, errno: number): Error =>
    Object.assign(new Error(code), { code, errno: -errno, syscall: 'open', path: '/data/model.safetensors' });
  for (const [code, errno] of Object.entries(constants.errno)) {
    const error = toAppError(thrown(code, errno));
    expect(error.reason).not.toBe('INTERNAL');
    // One that nothing is known of is at least named.
    expect(error.kind !== 'INTERNAL' || error.reason === 'IO').toBe(true);
    expect([code, error.message]).toEqual([code, expect.not.stringContaining('/data/')]);
  }
  // Node has no name for some: the number is enough.
  const { EDQUOT, ESTALE } = constants.errno;
  expect(toAppError(thrown(`Unknown system error -${EDQUOT}`, EDQUOT))).toMatchObject({
    reason: 'DISK_FULL',
  });
  expect(toAppError(thrown(`Unknown system error -${ESTALE}`, ESTALE))).toMatchObject({
    kind: 'CONFLICT',
    reason: 'FILE_CHANGED',
    retryable: true,
  });
});

test('whatever is tried again is what may pass: a full disk, a busy file; not a denied one', () => {
  const retried = (code: string): boolean => systemError(code, {}).retryable;
  expect(['ENOSPC', 'EMFILE', 'EBUSY', 'ESTALE'].map(retried)).toEqual([true, true, true, true]);
  expect(['EACCES', 'EROFS', 'EFBIG', 'ELOOP'].map(retried)).toEqual([false, false, false, false]);
});

test('a server that is not there, and a port that is taken', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as { port: number }).port);
    });
  });
  const taken = await new Promise<Error>((resolve) => {
    createServer().once('error', resolve).listen(port, '127.0.0.1');
  });
  expect(toAppError(taken)).toMatchObject({ kind: 'DEPENDENCY_DOWN', reason: 'PORT_UNAVAILABLE' });
  await new Promise((resolve) => server.close(resolve));
  const refused = await new Promise<Error>((resolve) => {
    connect(port, '127.0.0.1').once('error', resolve);
  });
  expect(toAppError(refused)).toMatchObject({
    kind: 'DEPENDENCY_DOWN',
    reason: 'UNREACHABLE',
    message: 'a server that is needed cannot be reached; try again later (ECONNREFUSED)',
  });
});

test('numbers have the names of this system', () => {
  expect(errnoName(constants.errno.ENOSPC)).toBe('ENOSPC');
  expect(errnoName(-constants.errno.EIO)).toBe('EIO');
  expect(errnoName(99_999)).toBe('errno 99999');
});

test('a field is told, and the whole path only to whom it belongs', async () => {
  const path = join(folder, 'file/x');
  const thrown = await readFile(path).catch((error: unknown) => error);
  const told = about('output_uri', thrown) as AppError;
  expect(told.message).toMatch(/^output_uri: x: /);
  expect(withPath(told).message).toBe(told.message.replace('x: ', `${path}: `));
  const other = new Error('no refusal');
  expect(about('output_uri', other)).toBe(other);
});
