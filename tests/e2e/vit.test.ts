import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';
import { writeIdxImages, writeImageFolder } from '@eigenloom/datasets/dist/testing/write-images.js';
import { setBackend, tf } from '@eigenloom/engine';
import { classifierLogits, EXAMPLE_KINDS, loadClassifierHead, loadNetwork } from '@eigenloom/models';
import { succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { peersMissing, python } from './support/peers.js';

const VIT = join(__dirname, '../golden/vit/classifier');
const TOLERANCE = 1e-4;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await setBackend('native');
  await cp(VIT, join(folder, 'model'), { recursive: true });
  await writeImageFolder(join(folder, 'train'), 48, 20);
  await writeImageFolder(join(folder, 'validation'), 12, 20, 48);
  await writeIdxImages(join(folder, 'idx'), 48, 20);
  await writeIdxImages(join(folder, 'idx-validation'), 12, 20, 48);
  await train('full', { image_classification: { labels: ['left', 'right'] }, full: {} });
});
afterAll(() => removeFolder(folder));

/** Trains the tiny ViT, or what was made of it, and gives what the report says. */
async function train(out: string, changes: object): Promise<Readonly<Record<string, number>>> {
  const recipe = {
    ...{ model: { uri: 'model' }, train_data: { uri: 'train' }, validation_data: { uri: 'validation' } },
    ...{ optimizer: { learning_rate: 0.02 }, batching: { batch_size: 8 }, max_steps: 20, seed: '4' },
    ...changes,
  };
  await writeFile(join(folder, `${out}.json`), JSON.stringify(recipe));
  await succeed(['train', `${out}.json`, '--out', out], folder);
  const report = await readFile(join(folder, out, 'report.json'), 'utf8');
  return (JSON.parse(report) as { metrics: Record<string, number> }).metrics;
}

/** Our logits of the images to validate on. */
async function logitsOf(name: string): Promise<number[]> {
  const directory = join(folder, name);
  const model = await openModel(directory);
  const network = await loadNetwork(model);
  const { head } = await loadClassifierHead(network, model);
  const reader = await EXAMPLE_KINDS.pixels.open({ directory, network, maxLength: 0 });
  const source = { path: join(folder, 'validation'), textField: '', labelField: '', limit: 0 };
  const options = { requireLabels: false, signal: new AbortController().signal };
  const { examples } = await (await reader.read(source, 'data', options)).classified(new Map());
  const all = Int32Array.from(examples.labels, (_, i) => i);
  await examples.load?.(all);
  const logits = tf.tidy(() => [...classifierLogits(network, head, examples.batch(all)).dataSync()]);
  network.dispose();
  return logits;
}

/** Those of transformers, where it is found. */
async function requireEqualThere(name: string): Promise<void> {
  if (peersMissing('transformers', 'torch', 'PIL') !== undefined) return;
  const ours = await logitsOf(name);
  const images = Array.from(
    { length: 12 },
    (_, i) => `${i < 6 ? 'left' : 'right'}/00${48 + 2 * (i % 6) + Math.floor(i / 6)}.png`,
  );
  const script = join(__dirname, 'python/vit_logits.py');
  const paths = images.map((image) => join(folder, 'validation', image));
  const { status, stdout, stderr } = await python([script, join(folder, name), ...paths]);
  expect(status === 0 ? '' : stderr).toBe('');
  const theirs = JSON.parse(stdout) as { names: string[]; logits: number[][] };
  expect(theirs.names).toEqual(['left', 'right']);
  const largest = Math.max(...theirs.logits.flat().map((value, i) => Math.abs(value - (ours[i] ?? NaN))));
  expect(largest).toBeLessThan(TOLERANCE);
  expect(Math.max(...ours) - Math.min(...ours)).toBeGreaterThan(100 * TOLERANCE);
}

describe('a ViT through the command line', () => {
  it('is trained in full on a folder, and transformers gives our logits', async () => {
    await requireEqualThere('full');
  });

  it.each([
    ['lora', ['--target', 'all-linear', '--set', 'lora.rank=2']],
    [
      'pissa',
      ['--target', 'query,value', '--method', 'pissa', '--set', 'lora.rank=2', '--residual', 'residual'],
    ],
    ['ssf', ['--target', 'all', '--set', 'ssf={}']],
  ])('is trained by an adapter that started as %s', async (name, args) => {
    await succeed(['init', '--model', 'model', ...args, '--seed', '3', '--out', `${name}-start`], folder);
    const residual = name === 'pissa' ? { residual_uri: 'residual' } : {};
    const metrics = await train(name, {
      ...{ adapter: { uri: `${name}-start`, ...residual } },
      ...{ image_classification: { labels: ['left', 'right'] } },
    });
    expect(metrics['last_loss']).toBeLessThan((metrics['first_loss'] ?? 0) / 2);
    expect(metrics['validation_accuracy']).toBe(1);
  });

  it('is trained by LoRA on an IDX file, folded by a merge, and read by transformers', async () => {
    const init = ['init', '--model', 'full', '--target', 'all-linear', '--set', 'lora.rank=2'];
    await succeed([...init, '--seed', '3', '--out', 'idx-start'], folder);
    const metrics = await train('idx-out', {
      ...{ model: { uri: 'full' }, adapter: { uri: 'idx-start' }, image_classification: {} },
      ...{ train_data: { uri: 'idx/sides-images-idx3-ubyte' }, max_steps: 6 },
      validation_data: { uri: 'idx-validation/sides-images-idx3-ubyte' },
    });
    expect(metrics['validation_accuracy']).toBe(1);
    const models = [{ model: { uri: 'full', adapters: ['idx-out'] } }];
    await writeFile(join(folder, 'fold.json'), JSON.stringify({ models, linear: {}, allow_unchanged: true }));
    await succeed(['merge', 'fold.json', '--out', 'folded'], folder);
    await requireEqualThere('folded');
  });

  it('is looked at by a study of weights', async () => {
    await succeed(['analyze', 'spectrum', '--model', 'full', '--out', 'spectrum'], folder);
    const report = await readFile(join(folder, 'spectrum', 'report.json'), 'utf8');
    expect(report).toContain('vit.encoder.layer.1.attention.attention.query');
  });
});
