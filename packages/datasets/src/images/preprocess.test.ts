import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { GOLDEN, type GoldenArray, goldenArrays } from '../testing/golden.js';
import { decodeImage } from './decode.js';
import type { ImageSet } from './image-set.js';
import { processed, readProcessed } from './preprocess.js';
import { parsePreprocessor } from './preprocessor-config.js';
import type { Pixels } from './resample.js';

const configs = JSON.parse(readFileSync(join(GOLDEN, 'processors.json'), 'utf8')) as Record<
  string,
  Record<string, unknown>
>;
let golden: ReadonlyMap<string, GoldenArray>;
let photo: Pixels;
beforeAll(async () => {
  golden = await goldenArrays('processed.npz');
  photo = await decodeImage(join(GOLDEN, 'photo.png'), 'photo.png', 3);
});

const setOf = (...images: Pixels[]): ImageSet => ({
  count: images.length,
  classes: undefined,
  labels: undefined,
  read: (indices) => Promise.resolve({ count: 1, ...images[indices[0]!]! }),
  nameOf: (index) => `image ${index}`,
  close: () => Promise.resolve(),
});

describe('processed', () => {
  it.each(Object.keys(configs))("gives transformers' pixels: %s", (name) => {
    const { shape, values } = golden.get(name)!;
    const { pixels, height, width, channels } = processed(photo, parsePreprocessor(configs[name]!));
    expect([height, width, channels]).toEqual(shape);
    expect(pixels).toEqual(values);
  });

  it('takes floats from 0 to 1 as bytes without rounding', () => {
    const bytes = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
    const image = { height: 2, width: 2, channels: 3 };
    const preprocessing = parsePreprocessor({ ...configs['vit'], do_resize: false });
    const whole = processed({ ...image, pixels: bytes }, preprocessing).pixels;
    const floats = processed(
      { ...image, pixels: Float32Array.from(bytes, (b) => b / 255) },
      preprocessing,
    ).pixels;
    floats.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i]!, 6);
    });
  });
});

describe('readProcessed', () => {
  const grey = (height: number, width: number): Pixels => ({
    pixels: new Uint8Array(height * width).fill(51),
    height,
    width,
    channels: 1,
  });

  it('brings images of any size to one, and grey ones to the channels of the model', async () => {
    const { pixels, ...shape } = await readProcessed(
      setOf(photo, grey(5, 9)),
      [1, 0],
      parsePreprocessor(configs['vit']!),
    );
    expect(shape).toEqual({ count: 2, height: 32, width: 24, channels: 3 });
    expect(pixels.subarray(32 * 24 * 3)).toEqual(golden.get('vit')!.values);
    expect(new Set(pixels.subarray(0, 32 * 24 * 3))).toEqual(
      new Set([Math.fround(Math.fround(0.2) - 0.5) / 0.5]),
    );
  });

  it('refuses images that stay of several sizes, and channels that a model does not have', async () => {
    await expect(readProcessed(setOf(grey(2, 3), grey(3, 2)), [0, 1], {})).rejects.toMatchObject({
      reason: 'SIZES_DIFFER',
      message: expect.stringMatching(/image 1 is 2 × 3 × 1/) as string,
    });
    const normalize = { mean: [0.5], deviation: [0.5] };
    await expect(readProcessed(setOf(photo), [0], { normalize })).rejects.toMatchObject({
      reason: 'CHANNELS_DIFFER',
    });
  });
});

describe('parsePreprocessor', () => {
  it.each([
    [{ do_pad: true }, 'PREPROCESSOR_UNSUPPORTED', 'do_pad'],
    [{ size: 224 }, 'PREPROCESSOR_UNSUPPORTED', 'size'],
    [{ size: { longest_edge: 5 }, resample: 2 }, 'PREPROCESSOR_UNSUPPORTED', 'longest_edge'],
    [{ size: { shortest_edge: 9, longest_edge: 9 }, resample: 2 }, 'PREPROCESSOR_INVALID', 'longest_edge'],
    [{ size: { height: 0, width: 3 }, resample: 2 }, 'PREPROCESSOR_INVALID', 'size.height'],
    [{ size: { height: 2, width: 3 } }, 'PREPROCESSOR_INVALID', 'resample'],
    [{ size: { height: 2, width: 3 }, resample: 9 }, 'PREPROCESSOR_INVALID', 'resample'],
    [{ image_mean: [0], image_std: [0] }, 'PREPROCESSOR_INVALID', 'image_std'],
    [{ image_mean: [0, 1], image_std: [1] }, 'PREPROCESSOR_INVALID', 'image_std'],
    [{ do_rescale: 'yes' }, 'PREPROCESSOR_INVALID', 'do_rescale'],
  ])('refuses %j', (config, reason, key) => {
    expect(() => parsePreprocessor(config)).toThrow(
      expect.objectContaining({ reason, message: expect.stringContaining(key) as string }) as Error,
    );
  });

  it('knows what one number means for processors that are known', () => {
    const of = (type: string): unknown =>
      parsePreprocessor({ feature_extractor_type: type, size: 8, resample: 2 }).resize?.to;
    expect(of('CLIPFeatureExtractor')).toEqual({ shortestEdge: 8 });
    expect(of('ViTFeatureExtractor')).toEqual({ height: 8, width: 8 });
  });

  it('limits the longer edge', () => {
    const { resize } = parsePreprocessor({ size: { shortest_edge: 40, longest_edge: 50 }, resample: 2 });
    expect(resize?.to).toEqual({ shortestEdge: 40, longestEdge: 50 });
    // 61 × 47: 40 across 51 down would be above 50, so 50 and trunc(50 · 40 / 51).
    expect(processed(photo, { resize: resize! })).toMatchObject({ width: 50, height: 39 });
  });
});
