import { readdirSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';
import { SafetensorsFile } from '@eigenloom/numeric';
import { beyondMergeBounds } from '@eigenloom/testkit';
import { cli, succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { startServer } from './support/server.js';

const GOLDEN = join(__dirname, '../golden/mergekit');
const MODELS = ['base', 'a', 'b', 'c', 'deep-a', 'deep-b', 'base-bf16', 'a-bf16', 'b-bf16', 'c-bf16'];
const CASES = readdirSync(join(GOLDEN, 'cases'))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

const digestOf = ({ stdout }: { stdout: string }): string =>
  (JSON.parse(stdout) as { response: { model: { digest: string } } }).response.model.digest;

/** Configurations of mergekit as its users have them: in the folder of their models, by the command line. */
describe('eigenloom merge with a configuration of mergekit', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    for (const name of [...MODELS, 'cases']) {
      await cp(join(GOLDEN, name), join(folder, name), { recursive: true });
    }
  });
  afterAll(() => removeFolder(folder));

  it('has every case', () => {
    expect(CASES).toHaveLength(61);
  });

  it.each(CASES)('%s has the numbers of mergekit', async (name) => {
    await succeed(['merge', `cases/${name}.yaml`, '--out', `out/${name}`], folder);
    const result = await openModel(join(folder, 'out', name));
    const expected = await SafetensorsFile.open(join(GOLDEN, 'cases', `${name}.safetensors`));
    expect([...result.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
    for (const [tensor, { dtype, shape }] of expected.tensors) {
      expect(result.tensors.get(tensor)).toMatchObject({ dtype, shape });
      const [ours, theirs] = [await result.read(tensor, 'f32'), await expected.read(tensor, 'f32')];
      expect(beyondMergeBounds(ours, theirs, dtype)).toBe(0);
    }
  });

  it('makes the same bytes in another folder, and on a server, whose results are put where the command says', async () => {
    const elsewhere = join(folder, 'elsewhere');
    await mkdir(elsewhere);
    const text = await readFile(join(folder, 'cases/slices_linear.yaml'), 'utf8');
    await writeFile(join(elsewhere, 'mine.yml'), text.replace(/model: ([abc])$/gm, 'model: ../$1'));
    const here = await succeed(['merge', 'mine.yml', '--out', 'here', '--json'], elsewhere);
    const there = await succeed(['merge', 'cases/slices_linear.yaml', '--json'], folder);
    expect(digestOf(here)).toBe(digestOf(there));
    const server = await startServer(folder);
    try {
      const options = ['--server', server.address, '--out', 'served', '--json'];
      const served = await succeed(['merge', 'mine.yml', ...options], elsewhere);
      expect(digestOf(served)).toBe(digestOf(here));
    } finally {
      await server.stop();
    }
    expect((await readdir(join(elsewhere, 'served'))).sort()).toEqual([
      ...['README.md', 'config.json', 'manifest.json', 'model.safetensors', 'report.html', 'report.json'],
    ]);
  });

  it('merges a graph of documents', async () => {
    const linear = (...models: string[]): string =>
      `merge_method: linear\nmodels: [${models.map((name) => `{model: ${name}}`).join(', ')}]\nparameters: {weight: 1}\n`;
    await writeFile(join(folder, 'graph.yaml'), `name: half\n${linear('a', 'b')}---\n${linear('half', 'c')}`);
    await succeed(['merge', 'graph.yaml', '--out', 'graph'], folder);
    const [result, a, b, c] = await Promise.all(
      ['graph', 'a', 'b', 'c'].map((name) => openModel(join(folder, name))),
    );
    const read = async (model: typeof a): Promise<Float64Array> =>
      (await model?.read('model.norm.weight', 'f64')) ?? new Float64Array();
    const [ours, x, y, z] = await Promise.all([result, a, b, c].map(read));
    const expected = x?.map((value, i) => ((value + (y?.[i] ?? NaN)) / 2 + (z?.[i] ?? NaN)) / 2);
    expected?.forEach((value, i) => {
      expect(ours?.[i]).toBeCloseTo(value, 6);
    });
    expect(await readdir(join(folder, '.eigenloom/scratch')).catch(() => [])).toEqual([]);
  });

  it.each([
    [
      'merge_method: linear\nmodels: [{model: nobody/nothing, parameters: {weight: 1}}]',
      3,
      /mergekit\.models\[0\]\.model: .*not exist/,
    ],
    [
      'merge_method: linear\nmodels: [{model: nobody/nothing@v1, parameters: {weight: 1}}]',
      2,
      /mergekit\.models\[0\]\.model: hf: is not configured/,
    ],
    [
      'merge_method: linear\nmodels: [{model: a}]\nmodel: b',
      2,
      /mergekit\.model: is not a field; did you mean models\?/,
    ],
  ])('says on one line what is wrong: %j', async (text, status, message) => {
    await writeFile(join(folder, 'wrong.yaml'), text);
    const outcome = await cli(['merge', 'wrong.yaml', '--out', 'wrong'], folder);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr.trim().split('\n').at(-1)).toMatch(message);
  });
});
