import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/checkpoint';
import { setBackend, tf } from '@eigenloom/engine';
import {
  classifierLogits,
  loadClassifierHead,
  loadNetwork,
  loadTokenizer,
  makeBatch,
} from '@eigenloom/models';
import { succeed } from './support/cli.js';
import { removeFolder, temporaryFolder } from './support/folder.js';
import { describeWithPeers, python } from './support/peers.js';
import { writeTinyBert, writeTopics } from './support/tiny-bert.js';

const TOLERANCE = 1e-4;
const TEXTS = [
  'the bread in the oven',
  'rain and hail',
  'a storm of sugar with snow',
  'salt',
  'unknown words only',
];

describeWithPeers('PEFT', ['peft', 'transformers', 'torch'], () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    await setBackend('native');
    await writeTinyBert(join(folder, 'model'));
    await writeTopics(join(folder, 'train.jsonl'), 64, 1);
  });
  afterAll(() => removeFolder(folder));

  async function train(method: string): Promise<string> {
    const [start, residual, out] = [`${method}-start`, `${method}-residual`, `${method}-out`];
    const changesBase = method === 'pissa';
    const init = [
      'init',
      ...['--model', 'model', '--target', 'query,value'],
      ...['--method', method, '--set', 'lora.rank=4', '--set', 'lora.alpha=8'],
    ];
    const data =
      method === 'eva' ? ['--set', 'eva.data.uri=train.jsonl', '--set', 'eva.batching.max_length=16'] : [];
    await succeed(
      [...init, ...data, ...(changesBase ? ['--residual', residual] : []), '--seed', '3', '--out', start],
      folder,
    );
    const recipe = {
      model: { uri: 'model' },
      train_data: { uri: 'train.jsonl' },
      adapter: { uri: start, ...(changesBase ? { residual_uri: residual } : {}) },
      sequence_classification: { labels: ['kitchen', 'weather'], pooling: 'POOLING_FIRST' },
      optimizer: { learning_rate: 0.02 },
      batching: { batch_size: 8, max_length: 16 },
      max_steps: 20,
      seed: '4',
    };
    await writeFile(join(folder, 'train.json'), JSON.stringify(recipe));
    await succeed(['train', 'train.json', '--out', out], folder);
    return join(folder, out);
  }

  async function ownLogits(adapter: string, rows: readonly number[][]): Promise<number[][]> {
    const model = await openModel(join(folder, 'model'), { adapters: [adapter] });
    const network = await loadNetwork(model);
    const { head } = await loadClassifierHead(network, model);
    return rows.map((row) =>
      tf.tidy(() => [...classifierLogits(network, head, makeBatch([Int32Array.from(row)], 0)).dataSync()]),
    );
  }

  it.each(['default', 'pissa', 'eva'])(
    'loads an adapter that started as %s, and gives our logits',
    async (method) => {
      const adapter = await train(method);
      const tokenizer = await loadTokenizer(join(folder, 'model'));
      const rows = TEXTS.map((text) => tokenizer.encode(text, 16));
      const ours = await ownLogits(adapter, rows);
      const script = join(__dirname, 'python/peft_logits.py');
      const { status, stdout, stderr } = await python([
        script,
        join(folder, 'model'),
        adapter,
        JSON.stringify(rows),
      ]);
      expect(status === 0 ? '' : stderr).toBe('');
      const theirs = JSON.parse(stdout) as number[][];
      const largest = Math.max(
        ...ours.flatMap((row, i) => row.map((value, j) => Math.abs(value - theirs[i]![j]!))),
      );
      expect(largest).toBeLessThan(TOLERANCE);
      expect(Math.max(...ours.flat()) - Math.min(...ours.flat())).toBeGreaterThan(100 * TOLERANCE);
    },
  );
});
