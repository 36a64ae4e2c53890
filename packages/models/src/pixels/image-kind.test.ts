import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openImages, parsePreprocessor, readProcessed } from '@eigenloom/datasets';
import type { ExampleReader } from '../examples/example-kind.js';
import { bert } from '../families/bert.js';
import type { NetworkPlan } from '../network.js';
import { images } from './image-kind.js';

const PICTURES = join(__dirname, '..', '..', '..', '..', 'tests', 'golden', 'images');
const { signal } = new AbortController();
const LABELLED = { requireLabels: true, signal };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'image-kind-'));
  await put('pets/cat/a.png', 'photo.png');
  await put('pets/cat/b.png', 'palette.png');
  await put('pets/dog/c.png', 'grey.png');
  await put('pets/dog/d.png', 'alpha.png');
});
afterAll(() => rm(root, { recursive: true }));

async function put(path: string, from: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await copyFile(join(PICTURES, from), file);
}

/** What is known of a network that reads images of 6 × 4 pixels. */
const network = (channels = 3): NetworkPlan => ({
  family: bert,
  config: {
    ...{ hiddenSize: 8, layerCount: 1, headCount: 1, vocabularySize: 0, maxPositions: 7, padTokenId: 0 },
    ...{ initializerRange: 0.02, image: { height: 6, width: 4, channels } },
  },
  ...{ prefix: '', modules: [] },
});
const readerOf = (directory = root, channels = 3): Promise<ExampleReader> =>
  images.open({ directory, network: network(channels), maxLength: 0 });
const source = (path: string, limit = 0): Parameters<ExampleReader['check']>[0] => ({
  ...{ path: join(root, path), textField: 'text', labelField: 'label', limit },
});
const ROWS = new Map([
  ['cat', 1],
  ['dog', 0],
]);

describe('a folder of images', () => {
  it('gives batches of prepared images, channels first, with the rows of their classes', async () => {
    const reader = await readerOf();
    const set = await reader.read(source('pets'), 'train_data', LABELLED);
    expect(set.labelled).toEqual([
      { label: 'cat', name: 'cat/a.png' },
      { label: 'dog', name: 'dog/c.png' },
    ]);
    const { examples, counts } = await set.classified(ROWS);
    expect(counts).toEqual({ examples: 4, changed: [] });
    expect([...examples.labels]).toEqual([1, 1, 0, 0]);
    expect([...examples.lengths]).toEqual([7, 7, 7, 7]);
    const indices = Int32Array.of(3, 0);
    await examples.load?.(indices);
    const batch = examples.batch(indices);
    expect(batch).toMatchObject({ kind: 'pixels', size: 2, channels: 3, height: 6, width: 4 });
    // The same by the reader of packages/datasets, whose numbers are transformers'; its channels come last.
    const [text = ''] = (await images.filesBeside({ directory: root, network: network() })).values();
    const preprocessing = parsePreprocessor(JSON.parse(text) as Record<string, unknown>);
    const own = await openImages(join(root, 'pets'));
    const { pixels } = await readProcessed(own, indices, preprocessing);
    const expected = Array.from({ length: 2 * 3 * 24 }, (_, i) => {
      const [image, channel, at] = [Math.floor(i / 72), Math.floor((i % 72) / 24), i % 24];
      return pixels[image * 72 + at * 3 + channel];
    });
    expect([...(batch as { values: Float32Array }).values]).toEqual(expected);
    await own.close();
    await examples.close?.();
  });

  it('holds two batches, so that one is read while the other is worked on', async () => {
    const { examples } = await (
      await (await readerOf()).read(source('pets'), 'train_data', LABELLED)
    ).classified(ROWS);
    const [a, b, c] = [Int32Array.of(0, 1), Int32Array.of(2, 3), Int32Array.of(1, 2)];
    expect(() => examples.batch(a)).toThrow(/loaded before/);
    await Promise.all([examples.load?.(a), examples.load?.(b)]);
    const first = examples.batch(a);
    expect(examples.batch(b)).not.toBe(first);
    await examples.load?.(a);
    expect(examples.batch(a)).toBe(first);
    await examples.load?.(c);
    expect(() => examples.batch(b)).toThrow(/loaded before/);
    expect(examples.batch(a)).toBe(first);
    await examples.close?.();
  });

  it('takes the first images of every class', async () => {
    const reader = await readerOf();
    expect(await reader.count(source('pets'), signal)).toBe(4);
    expect(await reader.count(source('pets', 2), signal)).toBe(2);
    const set = await reader.read(source('pets', 2), 'train_data', LABELLED);
    const { examples } = await set.classified(ROWS);
    expect([...examples.labels]).toEqual([1, 0]);
    await examples.close?.();
  });

  it('says which file is no image, before a job where it is looked at, and as it is read', async () => {
    await put('broken/cat/a.png', 'photo.png');
    await put('broken/dog/b.png', 'photo.png');
    await writeFile(join(root, 'broken/dog/c.png'), 'no image');
    const reader = await readerOf();
    const message = /dog\/c\.png is not an image that can be read/;
    await expect(reader.check(source('broken'), LABELLED)).rejects.toThrow(message);
    const set = await reader.read(source('broken'), 'validation_data', LABELLED);
    const { examples } = await set.classified(ROWS);
    await expect(examples.load?.(Int32Array.of(0, 2))).rejects.toMatchObject({
      reason: 'IMAGE_INVALID',
      message: expect.stringMatching(/^validation_data: dog\/c\.png is not/) as string,
    });
    await examples.close?.();
  });
});

describe('an IDX file', () => {
  it('has the numbers of its labels as classes, in grey for a model of one channel', async () => {
    const bytes = (...values: number[]): Buffer => Buffer.from(values);
    const pixels = Buffer.alloc(3 * 2 * 2, 51);
    await writeFile(
      join(root, 't-images-idx3-ubyte'),
      Buffer.concat([bytes(0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2), pixels]),
    );
    await writeFile(join(root, 't-labels-idx1-ubyte'), bytes(0, 0, 8, 1, 0, 0, 0, 3, 7, 1, 7));
    const set = await (await readerOf(root, 1)).read(source('t-images-idx3-ubyte'), 'train_data', LABELLED);
    expect(set.labelled.map(({ label }) => label)).toEqual(['7', '1']);
    const rows = new Map([
      ['1', 0],
      ['7', 1],
    ]);
    const { examples } = await set.classified(rows);
    expect([...examples.labels]).toEqual([1, 0, 1]);
    const all = Int32Array.of(0, 1, 2);
    await examples.load?.(all);
    // 51 / 255 is 0.2, which the mean and the deviation of 0.5 make −0.6.
    const { values, channels } = examples.batch(all) as { values: Float32Array; channels: number };
    expect(channels).toBe(1);
    expect(values).toHaveLength(3 * 24);
    for (const value of values) expect(value).toBeCloseTo(-0.6, 6);
    await examples.close?.();
  });
});

describe('the preparation', () => {
  it('is that of ViTImageProcessor at the size of a model that says nothing', async () => {
    const files = await images.filesBeside({ directory: root, network: network() });
    expect([...files.keys()]).toEqual(['preprocessor_config.json']);
    expect(JSON.parse(files.get('preprocessor_config.json') ?? '')).toEqual({
      image_processor_type: 'ViTImageProcessor',
      ...{ do_resize: true, size: { height: 6, width: 4 }, resample: 2 },
      ...{ do_rescale: true, rescale_factor: 1 / 255 },
      ...{ do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
    });
  });

  it('is refused where it makes images of another size than the model reads', async () => {
    const directory = join(root, 'model');
    await mkdir(directory);
    const config = { size: { height: 8, width: 4 }, resample: 2 };
    await writeFile(join(directory, 'preprocessor_config.json'), JSON.stringify(config));
    await expect(readerOf(directory)).rejects.toMatchObject({
      reason: 'INPUT_SHAPE',
      message: expect.stringMatching(/images of 4 × 8 pixels, the model reads 4 × 6/) as string,
    });
  });
});
