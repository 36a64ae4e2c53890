import { existsSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@eigenloom/report';
import { succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { digestsOf } from './support/life-cycle.js';

const REPOSITORY = join(__dirname, '../..');
const MODEL = '.cache/models/all-MiniLM-L6-v2';

// npm run setup test fetches the model; without it there is nothing to run the examples on.
const describeWithModel = existsSync(join(REPOSITORY, MODEL)) ? describe : describe.skip;

describeWithModel('the examples of docs/guides/recipes.md', () => {
  let folder: string;
  const run = (line: string): ReturnType<typeof succeed> => succeed(line.split(' ').slice(1), folder);

  beforeAll(async () => {
    folder = await temporaryFolder();
    await symlink(join(REPOSITORY, 'examples'), join(folder, 'examples'));
    await symlink(join(REPOSITORY, '.cache'), join(folder, '.cache'));
  });
  afterAll(() => removeFolder(folder));

  it('run one after another', async () => {
    const guide = await readFile(join(REPOSITORY, 'docs/guides/recipes.md'), 'utf8');
    const lines = guide.split('\n').filter((line) => /^eigenloom (init|train|merge|analyze) /.test(line));
    expect(lines).toHaveLength(4);
    for (const line of lines) await run(line);
    const { metrics, tables } = JSON.parse(
      await readFile(join(folder, 'out/intruders.json'), 'utf8'),
    ) as Report;
    const rows = tables.find(({ id }) => id === 'tensors')?.rows ?? [];
    expect(rows.length).toBeGreaterThan(12);
    expect(metrics['tensors']).toBe(rows.length);
    const found = rows.map(({ intruders }) => (intruders as readonly number[]).length);
    expect(metrics['intruders']).toBe(found.reduce((sum, count) => sum + count, 0));
  });

  it.each(['init-eva.yaml', 'train-full.yaml'])('%s runs as its comment says', async (name) => {
    const recipe = await readFile(join(REPOSITORY, 'examples/recipes', name), 'utf8');
    const line = /^# {3}(eigenloom .*)$/m.exec(recipe)?.[1] ?? '';
    await run(line);
  });

  it('run as one pipeline', async () => {
    const { stdout } = await run('eigenloom run examples/recipes/pipeline.yaml --out out/life-cycle --json');
    expect(Object.keys(digestsOf(stdout)).sort()).toEqual(['first', 'intruders', 'second', 'soup', 'start']);
    expect((await readdir(join(folder, 'out/life-cycle'))).sort()).toEqual([
      'first',
      'intruders',
      'second',
      'soup',
      'start',
    ]);
  });
});
