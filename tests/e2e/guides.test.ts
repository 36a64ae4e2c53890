import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KindName, parseRecipe } from '@eigenloom/runtime';
import { succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { writeLifeCycle } from './support/life-cycle.js';
import { writeTinyAdapter } from './support/tiny-adapter.js';

const REPOSITORY = join(__dirname, '../..');
/** `features`, `labels` and their test halves. */
const FEATURES = join(REPOSITORY, 'tests/golden/nearest-mean/features.safetensors');
/** What the YAML of a guide is. */
const RECIPES: readonly (readonly [string, KindName])[] = [
  ['docs/guides/init.md', 'init'],
  ['docs/guides/train.md', 'train'],
  ['docs/guides/merge.md', 'merge'],
  ['docs/guides/analysis.md', 'analysis'],
];
/** recipes.md is not among them: recipes.test.ts runs its lines. */
const WITH_LINES = ['README.md', ...['analysis', 'cli', 'init'].map((name) => `docs/guides/${name}.md`)];

const read = (path: string): Promise<string> => readFile(join(REPOSITORY, path), 'utf8');
/** Recipes in a guide, without the configurations of mergekit, which are of another form. */
const recipesIn = (text: string): string[] =>
  [...text.matchAll(/^```yaml\n(.*?)^```$/gms)]
    .map(([, yaml = '']) => yaml)
    .filter((yaml) => !/^(?:merge_method|tokenizer_source):/m.test(yaml));

/** Lines that start a job in this process; those of the repository's own examples are run by recipes.test.ts. */
const linesIn = (text: string): string[] =>
  text
    .replace(/ \\\n */g, ' ')
    .split('\n')
    .filter((line) => /^eigenloom (init|train|merge|analyze|run) /.test(line))
    .filter((line) => !/--server|examples\/recipes/.test(line));

/** The arguments of a line with all of its optional parts, on the files of the test. */
function argumentsOf(line: string): string[] {
  const [, command = ''] = line.split(/ +/);
  return (
    line
      .replace(/ +#.*$/, '')
      // What may be left out is there, its brackets are not. Those of a list lie in quotes.
      .replace(/(?<= )\[|\](?= |$)/g, '')
      .replaceAll("'", '')
      .replace(/ --(?:out|json) \S+/g, '')
      .replace(/--residual \S+/, '--residual residual')
      .replace(/--(model|base) \S+/g, '--$1 model')
      .replace(/\bSTUDY\b/, 'spectrum')
      // The model of the tests has 32 positions, fewer than EVA's default.
      .replace(/\bTEXTS\b/, 'train.jsonl --set eva.batching.max_length=16')
      .replace(/\bFILE\b/g, 'train.jsonl')
      .replace(/\bmax_length=\d+/, 'max_length=16')
      .replace(/\bPATTERN\b/, '*query*')
      .replace(/\brecipe\.yaml\b/, `${command}.json`)
      .replace(/\bpipeline\.yaml\b/, 'pipeline.json')
      .split(/ +/)
      .slice(1)
  );
}

describe('the guides', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeLifeCycle(folder);
    await writeTinyAdapter(join(folder, 'adapter'));
    await cp(join(folder, 'train.jsonl'), join(folder, 'test.jsonl'));
    for (const name of ['features', 'next-task', 'mnist'])
      await cp(FEATURES, join(folder, `${name}.safetensors`));
    await succeed(['analyze', 'nearest_mean', '--data', 'features.safetensors', '--out', 'DIR'], folder);
    const model = { uri: 'model' };
    const recipes = {
      init: { lora: { rank: 4 } },
      train: {
        ...{ model, train_data: { uri: 'train.jsonl' }, adapter: { uri: 'adapter' } },
        ...{ sequence_classification: {}, batching: { max_length: 16 } },
      },
      merge: { base: model, models: [{ model }], linear: {} },
      analyze: { spectrum: {} },
    };
    for (const [name, recipe] of Object.entries(recipes)) {
      await writeFile(join(folder, `${name}.json`), JSON.stringify(recipe));
    }
  });
  afterAll(() => removeFolder(folder));

  it.each(RECIPES)('%s has recipes that the contract knows', async (path, kind) => {
    const recipes = recipesIn(await read(path));
    expect(recipes).not.toEqual([]);
    for (const recipe of recipes) expect(() => parseRecipe(kind, recipe)).not.toThrow();
  });

  it.each(WITH_LINES)('%s has lines that the command line takes', async (path) => {
    const lines = linesIn(await read(path));
    expect(lines).not.toEqual([]);
    for (const line of lines) {
      const { stdout } = await succeed([...argumentsOf(line), '--estimate'], folder);
      expect(stdout).not.toBe('');
    }
  });
});
