import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Running, startCli, succeed } from './support/cli.js';
import { filesBelow, removeFolder, temporaryFolder } from './support/folder.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

/** A progress line of the running training. */
const TRAINING = /train adapter: \d+ %/;

describe('Ctrl-C', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeTinyBert(join(folder, 'model'));
    await writeTopics(join(folder, 'train.jsonl'), 64, 1);
    await writeTinyAdapter(join(folder, 'adapter'));
    const recipe = {
      model: { uri: 'model' },
      train_data: { uri: 'train.jsonl' },
      adapter: { uri: 'adapter' },
      sequence_classification: {},
      batching: { max_length: 16 },
      max_steps: 1_000_000,
    };
    await writeFile(join(folder, 'endless.json'), JSON.stringify(recipe));
  });
  afterAll(() => removeFolder(folder));

  const train = (): Running => startCli(['train', 'endless.json', '--out', 'trained'], folder);

  it('cancels the job, ends with 130 and leaves nothing half-written', async () => {
    const before = await filesBelow(folder);
    const { child, outcome, shows } = train();
    await shows(TRAINING);
    child.kill('SIGINT');
    const { status, stdout, stderr } = await outcome;
    expect(status).toBe(130);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n').at(-1)).toBe('eigenloom: the job was cancelled');
    expect(existsSync(join(folder, 'trained'))).toBe(false);
    // Records of jobs stay, and digests of inputs that had not changed for a while when they were read.
    const kept = /\/\.eigenloom\/(records|digests)\//;
    const after = (await filesBelow(folder)).filter((path) => !kept.test(path));
    expect(after).toEqual(before.filter((path) => !kept.test(path)));
    const { stdout: jobs } = await succeed(['jobs', 'list'], folder);
    expect(jobs).toMatch(/train +adapter +cancelled/);
  });

  it('twice ends at once', async () => {
    const { child, outcome, shows } = train();
    await shows(TRAINING);
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await outcome).status).toBe(130);
  });
});
