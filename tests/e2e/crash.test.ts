import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli, type Outcome, startCli, succeed } from './support/cli.js';
import { filesBelow, removeFolder, temporaryFolder } from './support/folder.js';
import { killAt, type Step, stepsOf } from './support/kill-at.js';
import { digestsOf, LIFE_CYCLE, writeLifeCycle } from './support/life-cycle.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert } from './support/tiny-bert.js';

/** Another file system than the temporary folder's, on Linux. */
const SHARED_MEMORY = '/dev/shm';
const deviceOf = async (path: string): Promise<number> => (await stat(path).catch(() => stat(tmpdir()))).dev;
const CHECKPOINT = /\/checkpoints\/[^/]+$/;

interface JobJson {
  readonly name: string;
  readonly done: boolean;
  readonly interrupted?: boolean;
  readonly metadata: { readonly state: string; readonly attempt: number; readonly parent?: string };
}

const training = (more: object = {}): object => ({
  model: { uri: 'model' },
  train_data: { uri: 'train.jsonl' },
  adapter: { uri: 'adapter', dropout: 0.1 },
  sequence_classification: { labels: ['kitchen', 'weather'] },
  batching: { max_length: 16 },
  max_steps: 40,
  checkpoint_steps: 5,
  seed: '5',
  ...more,
});

/** Real kills (SIGKILL) of the command line, and what the next commands do. */
describe('a command that is killed', () => {
  let folder: string;
  const data = (...names: string[]): string => join(folder, '.eigenloom', ...names);

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeLifeCycle(folder);
    await writeTinyAdapter(join(folder, 'adapter'));
    await writeTinyBert(join(folder, 'other'), 2);
    await writeFile(join(folder, 'train.json'), JSON.stringify(training()));
    await writeFile(join(folder, 'short.json'), JSON.stringify(training({ max_steps: 3 })));
    await writeFile(join(folder, 'endless.json'), JSON.stringify(training({ max_steps: 1_000_000 })));
    const merge = { models: [{ model: { uri: 'model' } }, { model: { uri: 'other' } }], linear: {} };
    await writeFile(join(folder, 'merge.json'), JSON.stringify(merge));
  });
  afterAll(() => removeFolder(folder));
  afterEach(async () => {
    await Promise.all(
      ['.eigenloom', 'out', 'result.json', 'log'].map((name) =>
        rm(join(folder, name), { recursive: true, force: true }),
      ),
    );
  });

  const log = (): string => join(folder, 'log');
  const kill = async (args: readonly string[], step: Step): Promise<Outcome> => {
    const outcome = await cli(args, folder, killAt(step, log()));
    expect(outcome.status).toBeNull();
    return outcome;
  };
  const list = async (): Promise<JobJson[]> =>
    JSON.parse((await succeed(['jobs', 'list', '--json'], folder)).stdout) as JobJson[];
  const interrupted = async (): Promise<string> => {
    const found = (await list()).filter((job) => job.interrupted === true && !job.metadata.parent);
    expect(found).toHaveLength(1);
    return found[0]?.name ?? '';
  };
  const hidden = async (): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name.startsWith('.') && name !== '.eigenloom');
  const leftBehind = async (): Promise<string[]> => [
    ...(await readdir(data('scratch'))),
    ...(await readdir(data('stages')).catch(() => [])),
    ...(await hidden()),
  ];

  it('goes on from its checkpoint when it is given again, to the bytes of a run that nothing disturbed', async () => {
    const command = ['train', 'train.json', '--out', 'out/trained', '--json'];
    await kill(command, { pattern: CHECKPOINT, nth: 3, when: 'after' });
    const name = await interrupted();
    const first = await stepsOf(log());
    const again = await cli(command, folder, killAt({ pattern: CHECKPOINT, nth: 0, when: 'after' }, log()));
    expect([again.status, again.stderr]).toEqual([0, expect.stringContaining(`resuming ${name}, `)]);
    expect(JSON.parse(again.stdout)).toMatchObject({ name });
    // 40 steps with a checkpoint at every fifth: none of them was written twice.
    const all = await stepsOf(log());
    expect([first.length, all.length, new Set(all).size]).toEqual([3, 8, 8]);
    expect(await list()).toMatchObject([{ name, metadata: { attempt: 2 } }]);
    expect(await leftBehind()).toEqual([]);

    const undisturbed = ['train', 'train.json', '--out', 'out/undisturbed', '--json'];
    const { response } = JSON.parse((await succeed(undisturbed, folder)).stdout) as {
      response: { artifact: { digest: string } };
    };
    expect(JSON.parse(again.stdout)).toMatchObject({
      response: { artifact: { digest: response.artifact.digest } },
    });
  });

  it('is named by other commands of its kind, which run first, and by jobs watch, which does not wait for it', async () => {
    await kill(['train', 'train.json', '--out', 'out/trained'], {
      ...{ pattern: CHECKPOINT, nth: 1, when: 'after' as const },
    });
    const name = await interrupted();
    const id = name.slice('operations/'.length);
    const watched = await cli(['jobs', 'watch', id], folder);
    expect(watched.status).toBe(4);
    expect(watched.stderr).toContain(`eigenloom jobs resume ${id}`);

    const other = await succeed(['train', 'short.json', '--out', 'out/short'], folder);
    expect(other.stderr).toMatch(`note: ${name} (train adapter) was interrupted`);
    expect(other.stderr).toContain(`eigenloom jobs resume ${id}`);
    const merge = await succeed(['merge', 'merge.json', '--out', 'out/merged'], folder);
    expect(merge.stderr).not.toContain(name);
    expect(await interrupted()).toBe(name);

    expect((await succeed(['jobs', 'show', id], folder)).stdout).toContain('interrupted');
    const resumed = await succeed(['jobs', 'resume', id], folder);
    expect(resumed.stdout).toContain('succeeded');
    expect(existsSync(join(folder, 'out/trained/adapter_model.safetensors'))).toBe(true);
    const twice = await cli(['jobs', 'resume', id], folder);
    expect([twice.status, twice.stderr]).toEqual([4, expect.stringContaining('is done')]);
    expect((await succeed(['jobs', 'watch', name], folder)).stdout).toContain('succeeded');
  });

  it('can be given up: the job ends as cancelled, and its checkpoints go', async () => {
    await kill(['train', 'train.json', '--out', 'out/trained'], {
      ...{ pattern: CHECKPOINT, nth: 1, when: 'after' as const },
    });
    const name = await interrupted();
    expect(await leftBehind()).not.toEqual([]);
    await succeed(['jobs', 'cancel', name], folder);
    expect(await list()).toMatchObject([{ name, done: true, metadata: { state: 'JOB_STATE_CANCELLED' } }]);
    expect(await leftBehind()).toEqual([]);
  });

  const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
    [
      'init',
      [
        ...['init', '--model', 'model', '--target', 'query', '--method', 'pissa'],
        ...['--set', 'lora.rank=4', '--out', 'out/made'],
      ],
    ],
    ['train', ['train', 'short.json', '--out', 'out/made']],
    ['merge', ['merge', 'merge.json', '--out', 'out/made']],
    ['analyze', ['analyze', 'spectrum', '--model', 'model', '--out', 'out/made', '--json', 'result.json']],
  ];
  it.each(
    COMMANDS.flatMap(([name, args]) => [[name, 'before', args] as const, [name, 'after', args] as const]),
  )('%s, killed %s its result gets its place, ends with one result and one job', async (_, when, args) => {
    await kill(args, { pattern: /\/out\/made$/, nth: 1, when });
    expect(existsSync(join(folder, 'out/made'))).toBe(when === 'after');
    const name = await interrupted();
    const { stderr } = await succeed(args, folder);
    expect(stderr).toContain(`resuming ${name}, `);
    expect(existsSync(join(folder, 'out/made/manifest.json'))).toBe(true);
    expect(existsSync(join(folder, 'result.json'))).toBe(args[0] === 'analyze');
    expect(await list()).toHaveLength(1);
    expect(await leftBehind()).toEqual([]);
    // The job is done: the same command is a new one, and finds its output there.
    expect((await cli(args, folder)).status).toBe(6);
  });

  it('goes on with a pipeline: steps that were done are not done again', async () => {
    const command = ['run', 'pipeline.json', '--out', 'out', '--json'];
    await kill(command, { pattern: /\/out\/(first|second)$/, nth: 2, when: 'before' });
    const done = join(folder, 'out/start/adapter_model.safetensors');
    const { ino } = await stat(done);
    const name = await interrupted();
    expect(name).toMatch(/^operations\/pipeline-[^-]*$/);
    const again = await cli(command, folder);
    expect([again.status, again.stderr]).toEqual([0, expect.stringContaining(`resuming ${name}, `)]);
    expect(JSON.parse(again.stdout)).toMatchObject({ name });
    expect((await stat(done)).ino).toBe(ino);
    const undisturbed = await succeed(['run', 'pipeline.json', '--json'], folder);
    expect(digestsOf(again.stdout)).toEqual(digestsOf(undisturbed.stdout));
    expect(Object.keys(digestsOf(again.stdout))).toHaveLength(LIFE_CYCLE.steps.length + 1);
    expect(await leftBehind()).toEqual([]);
  });

  it('works beside an output on another file system, and leaves nothing there either', async () => {
    // Elsewhere than on Linux there is none to test with.
    if ((await deviceOf(SHARED_MEMORY)) === (await deviceOf(folder))) return;
    const there = await mkdtemp(join(SHARED_MEMORY, 'eigenloom-e2e-'));
    try {
      const command = ['merge', 'merge.json', '--out', join(there, 'made'), '--json'];
      await kill(command, { pattern: /\/made$/, nth: 1, when: 'before' });
      const id = (await interrupted()).slice('operations/'.length);
      expect(await readdir(there)).toEqual([`.eigenloom-${id}`]);
      const work = await filesBelow(join(there, `.eigenloom-${id}`));
      // The finished shard, and the artifact that was about to get its place.
      expect(work.filter((path) => path.endsWith('/model.safetensors'))).toHaveLength(2);
      const { ino } = await stat(work.find((path) => path.endsWith('/model.safetensors')) ?? '');
      const again = await succeed(command, folder);
      expect(again.stderr).toContain(`resuming operations/${id}, `);
      expect((await stat(join(there, 'made/model.safetensors'))).ino).toBe(ino);
      expect(await readdir(there)).toEqual(['made']);
      expect(await leftBehind()).toEqual([]);
    } finally {
      await removeFolder(there);
    }
  });

  it('goes on by its request id', async () => {
    const command = ['merge', 'merge.json', '--out', 'out/made', '--request-id', 'mine'];
    await kill(command, { pattern: /\/out\/made$/, nth: 1, when: 'before' });
    const name = await interrupted();
    expect((await succeed(command, folder)).stderr).toContain(`resuming ${name}, `);
    // Done: the same id gives the same job, and nothing runs.
    expect((await succeed(command, folder)).stdout).toContain(name);
    const other = ['merge', 'merge.json', '--seed', '1', '--request-id', 'mine'];
    expect((await cli(other, folder)).stderr).toContain('was used before with another request');
  });

  it('is seen by a watch of another terminal, which ends when it is killed; meanwhile both work', async () => {
    const command = ['train', 'endless.json', '--out', 'out/endless'];
    const first = startCli(command, folder);
    await first.shows(/train adapter: \d+ % training/);
    const [job] = await list();
    const name = job?.name ?? '';
    const merged = await succeed(['merge', 'merge.json', '--out', 'out/merged'], folder);
    expect(merged.stdout).toContain('result: ');
    const same = await cli(command, folder);
    expect([same.status, same.stderr]).toEqual([9, expect.stringContaining(`jobs watch ${name.slice(11)}`)]);
    expect((await cli(['jobs', 'resume', name], folder)).status).toBe(9);

    const left = startCli(['jobs', 'watch', name], folder);
    await left.shows(/train adapter: \d+ % training/);
    left.child.kill('SIGINT');
    const stopped = await left.outcome;
    expect([stopped.status, stopped.stderr]).toEqual([130, expect.stringContaining('the job goes on')]);

    const watch = startCli(['jobs', 'watch', name], folder);
    await watch.shows(/train adapter: \d+ % training/);
    first.child.kill('SIGKILL');
    const { status, stderr } = await watch.outcome;
    expect([status, stderr]).toEqual([4, expect.stringContaining('jobs resume')]);
    expect(await interrupted()).toBe(name);
  });

  it('can be cancelled from another terminal', async () => {
    const first = startCli(['train', 'endless.json', '--out', 'out/endless'], folder);
    await first.shows(/train adapter: \d+ % training/);
    const [job] = await list();
    await succeed(['jobs', 'cancel', job?.name ?? ''], folder);
    expect((await first.outcome).status).toBe(130);
    expect(await leftBehind()).toEqual([]);
  });
});
