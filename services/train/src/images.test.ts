import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openModel } from '@eigenloom/adapters';
import type { train } from '@eigenloom/contracts';
import { writeIdxImages, writeImageFolder } from '@eigenloom/datasets/dist/testing/write-images.js';
import { setBackend } from '@eigenloom/engine';
import { EXAMPLE_KINDS, evaluateClassifier, loadClassifierHead, loadNetwork } from '@eigenloom/models';
import { trainKind } from './kind.js';
import {
  contextIn,
  newFolder,
  requestOf,
  runReport,
  TINY_BERT,
  writeTinyAdapter,
} from './testing/tiny-runs.js';

const GOLDEN = join(__dirname, '..', '..', '..', 'tests', 'golden', 'vit');
const CLASSIFIER = join(GOLDEN, 'classifier');
const ENCODER = join(GOLDEN, 'encoder');

let folder: string;
let pngs: { trainData: { uri: string }; validationData: { uri: string } };
let idx: typeof pngs;
beforeAll(async () => {
  folder = await newFolder();
  pngs = {
    trainData: { uri: await writeImageFolder(join(folder, 'train'), 40, 10) },
    validationData: { uri: await writeImageFolder(join(folder, 'validation'), 12, 10, 40) },
  };
  idx = {
    trainData: { uri: await writeIdxImages(join(folder, 'idx-train'), 40, 10) },
    validationData: { uri: await writeIdxImages(join(folder, 'idx-validation'), 12, 10, 40) },
  };
});
afterAll(() => rm(folder, { recursive: true }));

let runs = 0;
const requestFor = (changes: object): train.TrainRequest =>
  requestOf({
    ...{ seed: '3', outputUri: join(folder, `out-${++runs}`), model: { uri: CLASSIFIER } },
    ...{ ...pngs, imageClassification: { labels: ['left', 'right'] }, full: {} },
    ...{ optimizer: { learningRate: 0.01 }, batching: { batchSize: 8 } },
    ...{ maxSteps: 12, evalSteps: 6, checkpointSteps: 3, keepBest: true },
    ...changes,
  });
async function run(request: train.TrainRequest, signal?: AbortSignal): Promise<train.TrainResponse> {
  const scratch = join(folder, `scratch-${runs}`);
  await mkdir(scratch, { recursive: true });
  return trainKind.run(request, contextIn(scratch, signal));
}
const text = (path: string, name: string): Promise<string> => readFile(join(path, name), 'utf8');

/** The loss of a result on a data set, folded and read anew. */
async function lossOf(model: string, adapters: readonly string[], path: string): Promise<number> {
  await setBackend('cpu');
  const opened = await openModel(model, { adapters });
  const network = await loadNetwork(opened);
  const { head } = await loadClassifierHead(network, opened);
  const directory = adapters[0] ?? model;
  const reader = await EXAMPLE_KINDS.pixels.open({ directory, network, maxLength: 0 });
  const options = { requireLabels: true, signal: new AbortController().signal };
  const set = await reader.read({ path, textField: '', labelField: '', limit: 0 }, 'data', options);
  const rows = new Map(
    ['left', 'right'].flatMap(
      (name, row) =>
        [
          [name, row],
          [String(row), row],
        ] as const,
    ),
  );
  const { examples } = await set.classified(rows);
  const { loss } = await evaluateClassifier(network, head, examples, { batchSize: 5 });
  await examples.close?.();
  network.dispose();
  return loss;
}

describe('training in full on a folder of images', () => {
  it('lowers the loss, names the classes after the folders, and brings the preparation along', async () => {
    const request = requestFor({});
    const { metrics } = await run(request);
    const { losses, evaluations } = await runReport(request.outputUri);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    expect(evaluations.map(({ step }) => step)).toEqual([6, 12]);
    const card = await text(request.outputUri, 'README.md');
    expect(card).toContain('| Images | 40 to train on; 12 to validate on |');
    expect(card).toContain('| Objective | image classification |');
    expect(card).not.toContain('Longest text');
    expect(JSON.parse(await text(request.outputUri, 'config.json'))).toMatchObject({
      ...{ architectures: ['ViTForImageClassification'], id2label: { 0: 'left', 1: 'right' } },
    });
    const preparation = 'preprocessor_config.json';
    expect(await text(request.outputUri, preparation)).toBe(await text(CLASSIFIER, preparation));
    const again = await lossOf(request.outputUri, [], pngs.validationData.uri);
    expect(again).toBeCloseTo(metrics['validation_loss'] ?? NaN, 5);
  });

  it('goes on to the same bytes after it was stopped', async () => {
    const whole = requestFor({});
    await run(whole);
    const stopped = requestFor({});
    const abort = new AbortController();
    const scratch = join(folder, 'stopped');
    await mkdir(scratch);
    const context = contextIn(scratch, abort.signal, ({ metrics }) => {
      if ((metrics?.['step'] ?? 0) >= 7) abort.abort();
    });
    await expect(trainKind.run(stopped, context)).rejects.toMatchObject({ reason: 'CANCELLED' });
    expect(await readdir(join(scratch, 'checkpoints'))).toContain('step-000000006');
    await trainKind.run(stopped, contextIn(scratch));
    for (const name of await readdir(whole.outputUri)) {
      const [own, other] = await Promise.all(
        [stopped, whole].map(({ outputUri }) => readFile(join(outputUri, name))),
      );
      expect([name, own?.equals(other ?? Buffer.alloc(0))]).toEqual([name, true]);
    }
  });

  it('is refused to go on when the labels beside an IDX file have changed', async () => {
    const copy = join(folder, 'changed');
    await cp(join(folder, 'idx-train'), copy, { recursive: true });
    const data = { trainData: { uri: join(copy, 'sides-images-idx3-ubyte') }, validationData: undefined };
    const rest = { evalSteps: undefined, keepBest: false, imageClassification: { labels: ['0', '1'] } };
    const request = requestFor({ ...data, ...rest });
    const abort = new AbortController();
    const scratch = join(folder, 'scratch-changed');
    await mkdir(scratch);
    const context = contextIn(scratch, abort.signal, ({ metrics }) => {
      if ((metrics?.['step'] ?? 0) >= 4) abort.abort();
    });
    await expect(trainKind.run(request, context)).rejects.toMatchObject({ reason: 'CANCELLED' });
    const labels = join(copy, 'sides-labels-idx1-ubyte');
    const bytes = await readFile(labels);
    bytes[9] = 0;
    await writeFile(labels, bytes);
    await expect(trainKind.run(request, contextIn(scratch))).rejects.toMatchObject({
      reason: 'INPUT_CHANGED',
      message: expect.stringMatching(/sides-labels-idx1-ubyte/) as string,
    });
  });
});

describe('training an adapter on an IDX file', () => {
  it('lowers the loss of a new head, and its folded adapter has the loss that training saw', async () => {
    const modules = ['encoder.layer.0.attention.attention.query', 'encoder.layer.1.output.dense'];
    const adapter = { uri: await writeTinyAdapter(folder, ENCODER, modules) };
    const request = requestFor({
      ...{ ...idx, model: { uri: ENCODER }, adapter, full: undefined, imageClassification: {} },
      ...{ optimizer: { learningRate: 0.05 }, maxSteps: 30, evalSteps: 15 },
    });
    const { metrics } = await run(request);
    const { losses } = await runReport(request.outputUri);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
    expect(metrics['validation_accuracy']).toBeGreaterThan(0.9);
    const config = JSON.parse(await text(request.outputUri, 'adapter_config.json')) as object;
    expect(config).toMatchObject({ task_type: null, modules_to_save: ['classifier'] });
    expect(JSON.parse(await text(request.outputUri, 'config.json'))).toMatchObject({
      id2label: { 0: '0', 1: '1' },
    });
    // The model has no preparation of its own: that of ViT, at its size and for one channel.
    expect(JSON.parse(await text(request.outputUri, 'preprocessor_config.json'))).toMatchObject({
      ...{ size: { height: 12, width: 12 }, image_mean: [0.5] },
    });
    const again = await lossOf(ENCODER, [request.outputUri], idx.validationData.uri);
    expect(again).toBeCloseTo(metrics['validation_loss'] ?? NaN, 5);
  });
});

describe('what cannot be trained', () => {
  it.each([
    ['train_data.text_field', { trainData: { uri: 'train', textField: 'x' } }, /says nothing of images/],
    ['validation_data.label_field', { validationData: { uri: 'train', labelField: 'x' } }, /leave it out/],
    ['batching.max_length', { batching: { maxLength: 8 } }, /says nothing of images/],
    [
      'sequence_classification',
      { imageClassification: undefined, sequenceClassification: {} },
      /learns from texts, and the model, of the vit family, reads images/,
    ],
    [
      'image_classification',
      { model: { uri: TINY_BERT } },
      /learns from images, .* bert family, reads texts/,
    ],
    [
      'causal_language_modeling',
      { imageClassification: undefined, causalLanguageModeling: {} },
      /vit family/,
    ],
    [
      'image_classification.labels',
      { imageClassification: {} },
      /left\/0000\.png: "left" is not a class: .*"ring"/,
    ],
    ['train_data.uri', { trainData: { uri: 'nowhere' } }, /nowhere does not exist/],
    ['train_data.uri', { trainData: { uri: 'unlabelled' } }, /unlabelled has no classes/],
  ])('is refused by validation naming %s', async (field, changes, message) => {
    await mkdir(join(folder, 'unlabelled'), { recursive: true });
    await cp(join(folder, 'train', 'left', '0000.png'), join(folder, 'unlabelled', 'a.png'));
    const inFolder = Object.fromEntries(
      Object.entries(changes as Record<string, { uri?: string } | undefined>).map(([name, value]) => [
        name,
        name.endsWith('Data') && value?.uri !== undefined
          ? { ...value, uri: join(folder, value.uri) }
          : value,
      ]),
    );
    await expect(trainKind.validate(requestFor(inFolder), contextIn(folder))).rejects.toMatchObject({
      fieldViolations: [{ field, description: expect.stringMatching(message) as string }],
    });
  });

  it('is not what a good request is; the estimate counts the images', async () => {
    await trainKind.validate(requestFor({}), contextIn(folder));
    const { durationSeconds, memoryBytes, readBytes } = await trainKind.estimate(
      requestFor({ maxSteps: undefined, epochs: 2 }),
      contextIn(folder),
    );
    const half = await trainKind.estimate(
      requestFor({ maxSteps: undefined, epochs: 2, trainData: { ...pngs.trainData, limit: 20 } }),
      contextIn(folder),
    );
    expect(half.durationSeconds / durationSeconds).toBeCloseTo(3 / 5, 6);
    expect(memoryBytes).toBeGreaterThan(1000n);
    expect(readBytes).toBeGreaterThan(24_020n + 40n * 67n);
  });

  it('says which image is none as it comes up in training', async () => {
    const broken = await writeImageFolder(join(folder, 'broken'), 40, 10);
    await writeFile(join(broken, 'right', '0003.png'), 'no image');
    const request = requestFor({ trainData: { uri: broken } });
    await expect(run(request)).rejects.toMatchObject({
      reason: 'IMAGE_INVALID',
      message: expect.stringMatching(/train_data: right\/0003\.png is not an image/) as string,
    });
  });
});
