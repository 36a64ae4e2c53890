import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cli, type Outcome, startCli, succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { startServer } from './support/server.js';
import { writeTinyBert } from './support/tiny-bert.js';

interface PrunedJson {
  readonly dryRun: boolean;
  readonly jobs: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly storedArtifacts: number;
  }[];
}

/** Where jobs are kept, and for how long. */
describe('the data folder of the command line', () => {
  let folder: string;
  const work = (...names: string[]): string => join(folder, 'work', ...names);
  const home = (...names: string[]): string => join(folder, 'home', ...names);

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeTinyBert(join(folder, 'a'), 1);
    await writeTinyBert(join(folder, 'b'), 2);
    const uris = ['a', 'b'].map((name) => ({ model: { uri: join(folder, name) } }));
    await writeFile(join(folder, 'merge.json'), JSON.stringify({ models: uris, linear: {} }));
  });
  afterAll(() => removeFolder(folder));
  beforeEach(async () => {
    await mkdir(work(), { recursive: true });
    await mkdir(home(), { recursive: true });
  });
  afterEach(async () => {
    for (const name of ['work', 'home', 'xdg'])
      await rm(join(folder, name), { recursive: true, force: true });
  });

  const unset = (): Record<string, string> => ({ HOME: home(), XDG_DATA_HOME: '', EIGENLOOM_DATA: '' });
  const merge = (...more: string[]): string[] => ['merge', join(folder, 'merge.json'), ...more];
  const jobs = async (environment: Record<string, string>, ...more: string[]): Promise<string[]> => {
    const { stdout } = await succeed(['jobs', 'list', '--json', ...more], work(), environment);
    return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
  };

  it('is the user’s own, not the working folder’s; XDG_DATA_HOME, EIGENLOOM_DATA and --data-dir move it', async () => {
    const own = home('.local/share/eigenloom');
    await succeed(merge('--out', 'one'), work(), unset());
    expect((await readdir(work())).sort()).toEqual(['one']);
    expect(await readdir(own)).toContain('records');
    expect(await jobs(unset())).toHaveLength(1);

    const xdg = { ...unset(), XDG_DATA_HOME: join(folder, 'xdg') };
    expect(await jobs(xdg)).toEqual([]);
    expect(existsSync(join(folder, 'xdg/eigenloom/records'))).toBe(true);
    // The specification has relative paths ignored.
    expect(await jobs({ ...unset(), XDG_DATA_HOME: 'relative' })).toHaveLength(1);
    const named = { ...xdg, EIGENLOOM_DATA: own };
    expect(await jobs(named)).toHaveLength(1);
    expect(await jobs(named, '--data-dir', work('mine'))).toEqual([]);
    expect((await readdir(work())).sort()).toEqual(['mine', 'one']);

    const server = await startServer(work(), ['--data-dir', own], unset());
    expect(await jobs(unset(), '--server', server.address)).toHaveLength(1);
    await server.stop();
  });

  it('that cannot be used is named, with what to do', async () => {
    await writeFile(home('file'), '');
    const { status, stderr } = await cli(['jobs', 'list'], work(), {
      ...unset(),
      EIGENLOOM_DATA: home('file/data'),
    });
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/eigenloom: .*home\/file\/data cannot be .* \(ENOTDIR\); .*--data-dir/),
    ]);
    await mkdir(home('mine'));
    await writeFile(home('mine/records'), '');
    const inside = await cli(['jobs', 'list', '--data-dir', home('mine')], work(), unset());
    expect([inside.status, inside.stderr]).toEqual([
      2,
      expect.stringMatching(/home\/mine\/records cannot be/),
    ]);
  });

  it('of an earlier version is told about, and still reached', async () => {
    const { stdout } = await succeed(merge('--json'), work(), { EIGENLOOM_DATA: work('.eigenloom') });
    const { name } = JSON.parse(stdout) as { name: string };
    const found = await cli(['jobs', 'show', name], work(), unset());
    expect(found.status).toBe(3);
    expect(found.stderr).toContain(`note: ${work('.eigenloom')} holds jobs of an earlier version`);
    await succeed(['jobs', 'show', name, '--data-dir', '.eigenloom'], work(), unset());
    const uri = name.replace('operations/', 'job:');
    const spectrum = [
      'analyze',
      'spectrum',
      '--model',
      uri,
      '--json',
      'made.json',
      '--data-dir',
      '.eigenloom',
    ];
    await succeed(spectrum, work(), unset());
    await rename(work('.eigenloom'), home('.eigenloom'));
    expect((await cli(['jobs', 'list'], work(), unset())).stderr).toContain(home('.eigenloom'));
    // Not when it is the one in use.
    const { stderr } = await succeed(['jobs', 'list', '--data-dir', home('.eigenloom')], work(), unset());
    expect(stderr).toBe('');
  });

  it('is shared: commands at once in several folders all succeed', async () => {
    const outcomes = await Promise.all(
      ['one', 'two', 'three'].map(async (name): Promise<Outcome> => {
        await mkdir(work(name));
        return startCli(merge('--out', 'merged'), work(name), unset()).outcome;
      }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(await jobs(unset())).toHaveLength(3);
    for (const name of ['one', 'two', 'three']) {
      expect(existsSync(work(name, 'merged/model.safetensors'))).toBe(true);
    }
  });

  it('is pruned on demand: what is old goes, with its stored artifacts and the number of bytes; outputs stay', async () => {
    const stored = JSON.parse((await succeed(merge('--json'), work(), unset())).stdout) as { name: string };
    await succeed(merge('--out', 'kept'), work(), unset());
    const prune = async (...more: string[]): Promise<PrunedJson> =>
      JSON.parse((await succeed(['jobs', 'prune', '--json', ...more], work(), unset())).stdout) as PrunedJson;

    // Both ended just now.
    expect(await prune()).toEqual({ dryRun: false, jobs: [] });
    const dry = await prune('--older-than', '0d', '--dry-run');
    expect(dry.jobs).toHaveLength(2);
    expect(await jobs(unset())).toHaveLength(2);

    const artifacts = home('.local/share/eigenloom/artifacts');
    expect(await readdir(artifacts)).toHaveLength(1);
    const text = await succeed(['jobs', 'prune', '--older-than', '0m', '--dry-run'], work(), unset());
    const bytes = dry.jobs.reduce((sum, job) => sum + job.bytes, 0);
    expect(text.stdout).toContain(`would remove 2 jobs and 1 stored artifacts: ${bytes} bytes (`);
    const pruned = await prune('--older-than', '0d');
    expect(pruned).toEqual({ ...dry, dryRun: false });
    expect(pruned.jobs.find(({ name }) => name === stored.name)?.bytes).toBeGreaterThan(50_000);
    expect(await jobs(unset())).toEqual([]);
    expect(await readdir(artifacts)).toEqual([]);
    expect(existsSync(work('kept/model.safetensors'))).toBe(true);
  });

  it.each(['30', '30w', '-1d', 'd', ''])('is not pruned by an age that is none: %j', async (age) => {
    const { status, stderr } = await cli(['jobs', 'prune', `--older-than=${age}`], work(), unset());
    expect([status, stderr]).toEqual([2, expect.stringContaining('such as 30d, 12h or 5m')]);
  });
});
