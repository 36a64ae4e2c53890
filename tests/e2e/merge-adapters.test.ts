import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openModel } from '@eigenloom/adapters';
import { writeTrained } from '@eigenloom/adapters/dist/testing/write-trained.js';
import { SafetensorsFile } from '@eigenloom/numeric';

import { cli, succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { killAt } from './support/kill-at.js';
import { writeTinyBert } from './support/tiny-bert.js';

const MODULES = ['encoder.layer.0.attention.self.query', 'encoder.layer.1.output.dense'];

describe('a merge of models with adapters that are no LoRA, on the command line', () => {
  let folder: string;
  const at = (path: string): string => join(folder, path);
  beforeEach(async () => {
    folder = await temporaryFolder();
    await writeTinyBert(at('model'));
    for (const kind of ['dora', 'ssf'] as const)
      await writeTrained(at(kind), kind, { model: at('model'), modules: MODULES });
    const models = ['dora', 'ssf'].map((name) => ({ model: { uri: 'model', adapters: [name] } }));
    await writeFile(at('merge.json'), JSON.stringify({ models, linear: {} }));
    const config =
      'merge_method: linear\nmodels: [{model: model+dora}, {model: model+ssf}]\nparameters: {weight: 1}\n';
    await writeFile(at('mergekit.yaml'), config);
  });
  afterEach(() => removeFolder(folder));

  const bytesOf = (out: string): Promise<Buffer> => readFile(at(`${out}/model.safetensors`));

  it('gives the mean of the folded models, by a recipe and by a configuration of mergekit', async () => {
    await succeed(['merge', 'merge.json', '--out', 'out'], folder);
    await succeed(['merge', 'mergekit.yaml', '--out', 'by-mergekit'], folder);
    expect(await bytesOf('by-mergekit')).toEqual(await bytesOf('out'));
    const result = await SafetensorsFile.open(at('out/model.safetensors'));
    const [one, two] = [
      await openModel(at('model'), { adapters: [at('dora')] }),
      await openModel(at('model'), { adapters: [at('ssf')] }),
    ];
    for (const name of result.tensors.keys()) {
      const [x, y] = [await one.read(name, 'f32'), await two.read(name, 'f32')];
      const mean = x.map((value, i) => Math.fround(value + y[i]!) / 2);
      expect(await result.read(name, 'f32')).toEqual(mean);
    }
    const { inputs } = JSON.parse(await readFile(at('out/manifest.json'), 'utf8')) as { inputs: object };
    expect(Object.keys(inputs).sort()).toEqual(
      [0, 1].flatMap((i) =>
        ['adapters/0/adapter_config.json', 'adapters/0/adapter_model.safetensors', 'model.safetensors'].map(
          (file) => `models/${i}/${file}`,
        ),
      ),
    );
    expect(await readdir(at('.eigenloom/scratch'))).toEqual([]);
  });

  it.each(['before', 'after'] as const)('goes on after a kill %s folded tensors are kept', async (when) => {
    await succeed(['merge', 'merge.json', '--out', 'undisturbed'], folder);
    const command = ['merge', 'merge.json', '--out', 'out'];
    const step = { pattern: /folded\/.*record\.json$/, nth: 2, when };
    const killed = await cli(command, folder, killAt(step, at('log')));
    expect(killed.status).toBeNull();
    expect((await readdir(at('.eigenloom/scratch'))).length).toBeGreaterThan(0);
    await succeed(command, folder);
    expect(await bytesOf('out')).toEqual(await bytesOf('undisturbed'));
    expect(await readdir(at('.eigenloom/scratch'))).toEqual([]);
  });

  it('says what folding costs before it runs', async () => {
    const estimate = async (recipe: string): Promise<number> => {
      const { stdout } = await succeed(['merge', recipe, '--estimate', '--json'], folder);
      return Number((JSON.parse(stdout) as { diskBytes: string }).diskBytes);
    };
    const models = [{ model: { uri: 'model' } }, { model: { uri: 'model' } }];
    await writeFile(at('plain.json'), JSON.stringify({ models, linear: {} }));
    // Two matrices of 32 × 32 and 32 × 64 of each adapter, and the biases that SSF changes.
    expect((await estimate('merge.json')) - (await estimate('plain.json'))).toBe(
      4 * (2 * (1024 + 2048) + 2 * 32),
    );
  });
});
