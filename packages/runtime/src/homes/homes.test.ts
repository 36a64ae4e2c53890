import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Homes } from './homes.js';
import { openProcessId, processText } from './process-id.js';

describe('the processes of a data folder', () => {
  let folder: string;
  let homes: Homes;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigenloom-homes-'));
    homes = await Homes.open(folder, 'command');
  });
  afterEach(async () => {
    await homes.close();
    await rm(folder, { recursive: true });
  });
  const files = (): Promise<string[]> => readdir(join(folder, 'processes'));

  it('live until they close', async () => {
    const other = await Homes.open(folder, 'service');
    expect(await homes.isAlive(other.own)).toBe(true);
    expect(homes.describe(other.own)).toMatchObject({ role: 'service', pid: process.pid });
    await other.close();
    expect(await homes.isAlive(other.own)).toBe(false);
    expect(await files()).toEqual([homes.own]);
  });

  it('are dead when their process is, and when its id has been given to another', async () => {
    const id = openProcessId();
    const { pid } = spawnSync('true');
    expect(await homes.isAlive(`command.${processText({ ...id, pid })}`)).toBe(false);
    const reused = { ...id, pid: process.ppid, started: id.started === '' ? '' : '1' };
    expect(await homes.isAlive(`command.${processText(reused)}`)).toBe(false);
    for (const text of ['', 'command.', 'pod-7/1/abcdef', `other.${processText(id)}`]) {
      expect(await homes.isAlive(text)).toBe(false);
    }
  });

  // A machine that was started again, another machine, a container: their process ids mean nothing here.
  it('of another place are dead without a file, and when it has not been touched for long', async () => {
    const own = `command.${processText({ ...openProcessId(), place: '0123456789abcdef' })}`;
    const path = join(folder, 'processes', own);
    expect(await homes.isAlive(own)).toBe(false);
    await writeFile(path, '');
    expect(await homes.isAlive(own)).toBe(true);
    const old = new Date(Date.now() - 3_600_000);
    await utimes(path, old, old);
    expect(await homes.isAlive(own)).toBe(false);
    const third = await Homes.open(folder, 'command');
    expect((await files()).sort()).toEqual([homes.own, third.own].sort());
    await third.close();
  });
});
