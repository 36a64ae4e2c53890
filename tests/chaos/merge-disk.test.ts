import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { removeFolder, temporaryFolder } from '../e2e/support/folder.js';
import { leftBehind, outputOf } from './support/left-behind.js';
import { randomNumbers, writeMerge } from './support/models.js';
import { type RunEnd, type Step, at, canTrace, runMerge } from './support/strace.js';

const ROUNDS = Number(process.env['EIGENLOOM_CHAOS_ROUNDS'] ?? '4');
const SEED = Number(process.env['EIGENLOOM_CHAOS_SEED'] ?? '1');
const ROUND_MS = 600_000;

/** As many as the busiest thread makes in a run. */
const MOST: Readonly<Record<string, number>> = { fsync: 34, rename: 15, link: 4, pwrite64: 3 };
/** A failed call is tried again, so that one alone is lost only where the job may not be run twice. */
const ENDS = new Set(['succeeded', 'IO', 'DISK_FULL']);

/** A job whose end could not be recorded is taken up again when its lease runs out; how often that is does not matter here. */
const SHORT_LEASE = { EIGENLOOM_CHAOS_LEASE_MS: '3000' };

/** A small disk in a mount namespace of its own, which ends with the process. */
const canMount =
  spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt']).status === 0;

let folder: string;
let reference: { end: RunEnd; output: Record<string, string> };
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
  reference = { end: await runMerge(path), output: await outputOf(path) };
});
afterAll(() => removeFolder(folder));

/** KiB that the files of a folder take on a tmpfs, in pages of 4. */
async function pagesOf(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(join(file.parentPath, file.name))).size),
  );
  return sizes.reduce((sum, size) => sum + 4 * Math.ceil(size / 4096), 0);
}

const DIGESTS = 'cd "$0/data" && find artifacts -type f | sort | xargs sha256sum';
/** Mounts, puts in what an earlier job left, runs, and then lists the earlier artifact, what should not be there, and the output. */
const ON_SMALL_DISK = `
  mount -t tmpfs -o size="$1" none "$0/data" && cp -a "$0/earlier/." "$0/data/" && folder="$0" && shift && "$@"
  cd "$folder/data" && find artifacts -type f | sort | xargs sha256sum && find scratch stages -mindepth 1
  test ! -e out || echo out`;

describe('a disk that is full', () => {
  let earlier: string;
  beforeAll(async () => {
    earlier = await freshMerge({ request_id: 'earlier', output_uri: '' });
    await runMerge(earlier);
  });

  /** Lines after the result: digests of the earlier artifact, what was left behind, the output. The job's own is on that disk too. */
  async function onDiskOf(kilobytes: number): Promise<{ end: RunEnd; listing: string }> {
    const path = await freshMerge();
    await writeMerge(path, { output_uri: `file:${join(path, 'data/out')}` });
    await mkdir(join(path, 'data'));
    await cp(join(earlier, 'data'), join(path, 'earlier'), { recursive: true });
    const end = await runMerge(path, ['unshare', '-rm', 'sh', '-c', ON_SMALL_DISK, path, `${kilobytes}k`]);
    return { end, listing: end.rest };
  }

  (canMount ? test : test.skip)(
    'the job fails with DISK_FULL, the earlier artifact stands, and the space is there again',
    async () => {
      const before = spawnSync('sh', ['-c', DIGESTS, earlier]).stdout.toString();
      expect(before.split('\n').filter((line) => line.endsWith('.safetensors'))).toHaveLength(3);
      const used = await pagesOf(join(earlier, 'data'));
      // Room beside the earlier job for the records of a job, and for none, one, two or all of the new one's shards of 24 KiB.
      const runs = await Promise.all([20, 60, 96, 280].map((room) => onDiskOf(used + room)));
      expect(runs.map(({ listing }) => listing)).toEqual([before, before, before, `${before}out\n`]);
      expect(runs.map(({ end }) => end.result?.reason)).toEqual([
        ...['DISK_FULL', 'DISK_FULL', 'DISK_FULL'],
        undefined,
      ]);
      expect(runs.at(-1)?.end.result?.digest).toBe(reference.end.result?.digest);
    },
  );
});

describe('a disk that fails', () => {
  (canTrace ? test : test.skip)(
    'from the second write on: the job fails with IO and leaves nothing',
    async () => {
      const path = await freshMerge();
      const under = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=pwrite64'];
      const { result } = await runMerge(path, [...under, '-e', 'inject=pwrite64:error=EIO:when=1+']);
      expect(result?.reason).toBe('IO');
      expect(existsSync(join(path, 'out'))).toBe(false);
      expect(await leftBehind(path)).toEqual([]);
    },
  );

  (canTrace ? test : test.skip)(
    'once, at any step: the job goes on to the same bytes or fails and leaves nothing',
    async () => {
      const random = randomNumbers(SEED);
      const outcomes = new Map<string, number>();
      for (let round = 0; round < ROUNDS; round += 1) {
        const call = ['fsync', 'rename', 'link', 'pwrite64'][round % 4] ?? '';
        const step: Step = { call, number: 1 + Math.floor(Math.abs(random()) * (MOST[call] ?? 1)) };
        const path = await freshMerge();
        await runMerge(path, at(step, `error=${round % 8 < 4 ? 'EIO' : 'ENOSPC'}`), SHORT_LEASE);
        // The process itself may have ended, as where it could not lock its folder: another goes on.
        const { result } = await runMerge(path);
        const outcome = result?.reason ?? 'succeeded';
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        if (result?.reason === undefined) expect(await outputOf(path)).toEqual(reference.output);
        else expect(existsSync(join(path, 'out'))).toBe(false);
        expect(await leftBehind(path)).toEqual([]);
        await removeFolder(path);
      }
      const counts = [...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(', ');
      process.stdout.write(`${ROUNDS} failing calls, seed ${SEED}: ${counts}\n`);
      expect([...outcomes.keys()].filter((outcome) => !ENDS.has(outcome))).toEqual([]);
    },
    ROUND_MS * (ROUNDS + 1),
  );
});
