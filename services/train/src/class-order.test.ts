import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel, readAdapter, writeModel } from '@eigenloom/checkpoint';
import { trainKind } from './kind.js';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  writeExamples,
  writeTinyAdapter,
} from './testing/tiny-runs.js';

const HEAD = ['classifier.weight', 'classifier.bias'];

let folder: string;
let data: string;
let runs = 0;
beforeAll(async () => {
  folder = await newFolder();
  data = await writeExamples(folder, 'train.jsonl', 16);
});
afterAll(() => rm(folder, { recursive: true }));

/** The tiny BERT with a head whose rows are some of the rows of its own, in an order, and with config keys. */
async function withHead(name: string, rows: readonly number[], config: object): Promise<string> {
  const like = await openModel(TINY_BERT);
  const width = like.tensors.get('classifier.weight')?.shape[1] ?? 0;
  const path = join(folder, name);
  await mkdir(path);
  await writeModel(path, {
    like,
    config: { ...like.config, id2label: undefined, label2id: undefined, ...config },
    tensors: [...like.tensors.values()].map(({ name: tensor, dtype, shape }) => ({
      name: tensor,
      dtype,
      shape: HEAD.includes(tensor) ? [rows.length, ...shape.slice(1)] : shape,
    })),
    read: async ({ name: tensor }) => {
      const values = await like.read(tensor, 'f32');
      if (!HEAD.includes(tensor)) return values;
      const size = tensor === 'classifier.bias' ? 1 : width;
      return Float32Array.from(rows.flatMap((row) => [...values.subarray(row * size, (row + 1) * size)]));
    },
  });
  return path;
}

interface Options {
  readonly adapterUri?: string;
  readonly labels?: readonly string[];
  readonly data?: string;
  readonly validation?: string;
}

const request = (model: string, options: Options = {}): ReturnType<typeof requestOf> =>
  requestOf({
    model: { uri: model },
    trainData: { uri: options.data ?? data },
    ...(options.validation === undefined ? {} : { validationData: { uri: options.validation } }),
    sequenceClassification: { pooling: 'POOLING_FIRST', labels: options.labels ?? [] },
    ...(options.adapterUri === undefined ? { full: {} } : { adapter: { uri: options.adapterUri } }),
    batching: { batchSize: 16, maxLength: 32 },
    maxSteps: 1,
    optimizer: { learningRate: 1e-9 },
    outputUri: join(folder, `out-${++runs}`),
  });

/** The loss before anything is learned, and the names of the classes of the result. */
async function start(
  model: string,
  options: Options = {},
): Promise<{ loss: number; labels: unknown; out: string }> {
  const asked = request(model, options);
  await trainKind.run(asked, contextIn(await newFolder()));
  const { losses } = await runReport(asked.outputUri);
  const config = JSON.parse(await readFile(join(asked.outputUri, 'config.json'), 'utf8')) as {
    id2label: unknown;
  };
  return { loss: losses[0] ?? NaN, labels: config.id2label, out: asked.outputUri };
}
const refused = (model: string, options: Options = {}): Promise<void> =>
  trainKind.validate(request(model, options), contextIn(folder));

describe('a head that is gone on with', () => {
  it('keeps the order that its model gives its classes, whatever order the data have', async () => {
    const a = await start(await withHead('ham-spam', [0, 1], { id2label: { 0: 'ham', 1: 'spam' } }));
    const b = await start(await withHead('spam-ham', [1, 0], { id2label: { 0: 'spam', 1: 'ham' } }));
    const c = await start(await withHead('by-label2id', [1, 0], { label2id: { ham: 1, spam: 0 } }));
    const swapped = await start(await withHead('swapped', [0, 1], { id2label: { 0: 'spam', 1: 'ham' } }));
    expect(b.loss).toBeCloseTo(a.loss, 5);
    expect(c.loss).toBeCloseTo(a.loss, 5);
    expect(Math.abs(swapped.loss - a.loss)).toBeGreaterThan(1e-3);
    expect([a.labels, b.labels, c.labels]).toEqual([
      { 0: 'ham', 1: 'spam' },
      { 0: 'spam', 1: 'ham' },
      { 0: 'spam', 1: 'ham' },
    ]);
  }, 120_000);

  it('keeps rows of classes that the data do not have', async () => {
    const { labels, out } = await start(TINY_BERT);
    expect(labels).toEqual({ 0: 'ham', 1: 'spam', 2: 'other' });
    expect((await openModel(out)).tensors.get('classifier.weight')?.shape).toEqual([3, 16]);
  }, 120_000);

  it('takes integers as the numbers of its rows', async () => {
    const lines = (await readFile(data, 'utf8'))
      .replaceAll('"label":"ham"', '"label":0')
      .replaceAll('"label":"spam"', '"label":1');
    const numbered = join(folder, 'numbered.jsonl');
    await writeFile(numbered, lines);
    const named = await start(await withHead('named', [0, 1], { id2label: { 0: 'ham', 1: 'spam' } }));
    const byNumber = await start(join(folder, 'named'), { data: numbered, validation: numbered });
    expect(byNumber.loss).toBe(named.loss);
    expect(byNumber.labels).toEqual({ 0: 'ham', 1: 'spam' });
    const unnamed = await start(await withHead('unnamed', [0, 1], {}), { data: numbered });
    expect(unnamed.loss).toBe(named.loss);
    expect(unnamed.labels).toEqual({ 0: 'LABEL_0', 1: 'LABEL_1' });
    await expect(
      trainKind.run(
        request(join(folder, 'named'), { data: numbered, validation: data }),
        contextIn(await newFolder()),
      ),
    ).rejects.toMatchObject({ reason: 'LABEL_UNKNOWN' });
  }, 120_000);

  it('is the one that an adapter saved, with the names beside it', async () => {
    const queries = [0, 1].map((layer) => `bert.encoder.layer.${layer}.attention.self.query`);
    const plain = await writeTinyAdapter(folder, TINY_BERT, queries);
    const first = await start(TINY_BERT, { adapterUri: plain, labels: ['spam', 'ham'] });
    const saved = await readAdapter(first.out);
    const next = await start(TINY_BERT, { adapterUri: first.out });
    expect(next.labels).toEqual({ 0: 'spam', 1: 'ham' });
    expect(next.loss).toBeCloseTo(first.loss, 5);
    const head = (await readAdapter(next.out)).savedTensors.get('classifier.weight');
    expect(head?.data[3]).toBeCloseTo(saved.savedTensors.get('classifier.weight')?.data[3] ?? NaN, 6);
    const folded = await openModel(await withHead('two', [0, 1], { id2label: { 0: 'ham', 1: 'spam' } }), {
      adapters: [first.out],
    });
    expect(folded.config['id2label']).toEqual({ 0: 'spam', 1: 'ham' });
  }, 120_000);

  it('is refused for labels that it does not have, with those that it has', async () => {
    const head = await withHead('eggs', [0, 1], { id2label: { 0: 'ham', 1: 'eggs' } });
    await expect(refused(head)).rejects.toMatchObject({
      reason: 'LABEL_UNKNOWN',
      message: expect.stringMatching(
        /train_data: line 2: "spam" is not a class: the classes are "ham", "eggs"/,
      ) as string,
    });
    await expect(refused(await withHead('nameless', [0, 1], {}))).rejects.toThrow(/have no names/);
    await expect(refused(TINY_BERT, { labels: ['ham', 'other', 'spam'] })).rejects.toMatchObject({
      reason: 'LABELS_DIFFER',
    });
    const contradictory = { id2label: { 0: 'ham', 1: 'spam' }, label2id: { ham: 1, spam: 0 } };
    await expect(refused(await withHead('both', [0, 1], contradictory))).rejects.toMatchObject({
      reason: 'LABELS_CONTRADICT',
    });
  });
});

describe('a new head', () => {
  it('has the classes of the request, or those of the data, sorted', async () => {
    const given = await start(TINY_BERT, { labels: ['spam', 'ham'] });
    expect(given.labels).toEqual({ 0: 'spam', 1: 'ham' });
    const bare = join(folder, 'bare');
    await mkdir(bare);
    const like = await openModel(TINY_BERT);
    const tensors = [...like.tensors.values()].filter(({ name }) => !HEAD.includes(name));
    await writeModel(bare, { like, tensors });
    // The config of a base may have names from another head.
    expect((await start(bare)).labels).toEqual({ 0: 'ham', 1: 'spam' });
  }, 120_000);
});
