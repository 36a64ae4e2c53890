import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProcessId, type ProcessId, processText } from '../homes/process-id.js';
import { FolderStore } from './folder-store.js';
import type { Change } from './key-value-store.js';

const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
const bytes = (value: string): Uint8Array => Buffer.from(value);

describe('two stores of one folder', () => {
  let folder: string;
  let a: FolderStore;
  let b: FolderStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-store-'));
    a = await FolderStore.open(folder);
    b = await FolderStore.open(folder);
  });
  afterEach(async () => {
    await a.close();
    await b.close();
    await rm(folder, { recursive: true });
  });
  const lockedBy = async (id: ProcessId): Promise<string> => {
    const path = join(folder, 'lock', processText(id));
    await mkdir(join(folder, 'lock'), { recursive: true });
    await writeFile(path, '');
    return path;
  };

  it('let one of many concurrent writes win, and give no revision twice', async () => {
    const first = await a.create('key', bytes('0'));
    const both = [a, b];
    const updates = await Promise.all(
      Array.from({ length: 20 }, (_, i) => both[i % 2]!.update('key', bytes(String(i)), first!)),
    );
    expect(updates.filter((revision) => revision !== undefined)).toHaveLength(1);
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, i) => both[i % 2]!.create(`k${String(i >> 1)}`, bytes('x'))),
    );
    const revisions = created.filter((revision) => revision !== undefined);
    expect(new Set(revisions).size).toBe(10);
    expect(Math.min(...revisions)).toBeGreaterThan(first!);
    expect((await b.list('')).map(({ key }) => key)).toHaveLength(11);
  });

  it('see what the other writes and deletes', async () => {
    const stop = new AbortController();
    const changes = b.watch('', { signal: stop.signal })[Symbol.asyncIterator]();
    const first = await a.create('key', bytes('1'));
    expect((await changes.next()).value).toMatchObject({ key: 'key', revision: first });
    const second = await a.update('key', bytes('2'), first!);
    const seen = (await changes.next()).value as Change;
    expect([text(seen.value), seen.revision]).toEqual(['2', second]);
    await a.delete('key');
    expect((await changes.next()).value).toEqual({ key: 'key', revision: second! + 1 });
    expect(await b.create('key', bytes('3'))).toBe(second! + 2);
    stop.abort();
    await changes.return(undefined);
  });

  it('go on when the log of changes is lost, half a line or began anew', async () => {
    const first = await a.create('key', bytes('1'));
    await appendFile(join(folder, 'changes'), '\n17');
    expect(await b.update('key', bytes('2'), first!)).toBe(first! + 1);
    await rm(join(folder, 'changes'));
    expect(await a.update('key', bytes('3'), first! + 1)).toBe(first! + 2);
    expect(await b.update('key', bytes('4'), first! + 2)).toBe(first! + 3);
    await appendFile(join(folder, 'changes'), '\0'.repeat(1024 * 1024 + 1));
    expect(await a.update('key', bytes('5'), first! + 3)).toBe(first! + 4);
    expect(await a.update('key', bytes('6'), first! + 4)).toBe(first! + 5);
    expect((await readFile(join(folder, 'changes'))).byteLength).toBeLessThan(100);
    expect(await b.update('key', bytes('7'), first! + 5)).toBe(first! + 6);
  });

  it('break the lock of a process that died', async () => {
    const { pid } = spawnSync('true');
    const path = await lockedBy({ ...openProcessId(), pid });
    expect(await a.create('key', bytes('1'))).toBeDefined();
    expect(existsSync(path)).toBe(false);
    expect(await readdir(join(folder, 'lock'))).toEqual([]);
  });

  it('break the lock of another machine once it is old', async () => {
    const path = await lockedBy({ ...openProcessId(), place: '0123456789abcdef' });
    const old = new Date(Date.now() - 3_600_000);
    await utimes(path, old, old);
    expect(await a.create('key', bytes('1'))).toBeDefined();
  });

  it('wait for the lock of a process that lives', async () => {
    const child = spawn('sleep', ['3600']);
    try {
      const stat = await readFile(`/proc/${String(child.pid)}/stat`, 'utf8').catch(() => undefined);
      // Without /proc nobody can tell.
      if (stat === undefined) return;
      const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
      const path = await lockedBy({ ...openProcessId(), pid: child.pid!, started });
      const order: string[] = [];
      const written = a.create('key', bytes('1')).then(() => order.push('written'));
      // It asks again and again: the prepared lock shows that it has begun to.
      while (!(await readdir(folder)).some((name) => name.startsWith('lock-of-')))
        await new Promise(setImmediate);
      expect(existsSync(join(folder, 'key.value'))).toBe(false);
      order.push('released');
      await unlink(path);
      await written;
      expect(order).toEqual(['released', 'written']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('leave out a damaged record and say which it is', async () => {
    await a.create('good', bytes('1'));
    await a.create('bad', bytes('2'));
    const path = join(folder, 'bad.value');
    await writeFile(path, (await readFile(path)).subarray(0, 5));
    const c = await FolderStore.open(folder);
    expect((await c.list('')).map(({ key }) => key)).toEqual(['good']);
    await expect(c.get('bad')).rejects.toMatchObject({
      reason: 'RECORD_CORRUPT',
      message: expect.stringContaining('bad.value') as string,
    });
    await c.close();
  });

  it('read the folder of an earlier version, and never turn its revisions back', async () => {
    const old = Buffer.alloc(12);
    old.writeBigUInt64BE(1000n, 0);
    await writeFile(join(folder, '~revision.value'), old);
    const c = await FolderStore.open(folder);
    expect(await c.create('key', bytes('1'))).toBe(1001);
    expect(await c.list('')).toHaveLength(1);
    await c.close();
  });
});
