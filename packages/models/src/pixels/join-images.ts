import type { ProcessedImages } from '@eigenloom/datasets';
import { incompatible, limitExceeded } from '@eigenloom/errors';
import type { PixelBatch } from '../batch.js';

/** Pixels of one batch, held in memory at once. */
const MAX_BATCH_BYTES = 1024 ** 3;

/** A batch that is filled image by image. */
export interface GrowingBatch {
  /** `name` is the image's, for errors: `SIZES_DIFFER`, `BATCH_TOO_LARGE`. */
  add(image: ProcessedImages, name: string): void;
  whole(): PixelBatch;
}

/** Joins `count` images of one size to a batch, the channels of each one after another. */
export function joinImages(count: number): GrowingBatch {
  let first: { readonly name: string; readonly batch: PixelBatch } | undefined;
  let added = 0;
  return {
    add(image, name) {
      first ??= { name, batch: emptyBatch(image, count) };
      const { batch } = first;
      requireSize(image, batch, [name, first.name]);
      putChannels(image, batch.values, added * image.pixels.length);
      added += 1;
    },
    whole() {
      if (first === undefined) throw new RangeError('a batch has one image or more');
      return first.batch;
    },
  };
}

function emptyBatch({ pixels, height, width, channels }: ProcessedImages, size: number): PixelBatch {
  if (pixels.byteLength * size > MAX_BATCH_BYTES) {
    throw limitExceeded(
      'BATCH_TOO_LARGE',
      `${size} images of ${width} × ${height} × ${channels} are more than the ${MAX_BATCH_BYTES} bytes that a batch may have; take smaller batches`,
      { retryable: false },
    );
  }
  return { kind: 'pixels', values: new Float32Array(pixels.length * size), size, channels, height, width };
}

function requireSize(
  { height, width, channels }: ProcessedImages,
  wanted: PixelBatch,
  [name, first]: readonly [string, string],
): void {
  if (height === wanted.height && width === wanted.width && channels === wanted.channels) return;
  throw incompatible(
    'SIZES_DIFFER',
    `${name} is ${width} × ${height} × ${channels} after its preparation, ${first} ${wanted.width} × ${wanted.height} × ${wanted.channels}; resize to a height and a width, or crop`,
  );
}

/** [height, width, channels] → [channels, height, width] at `at`. */
function putChannels({ pixels, channels }: ProcessedImages, out: Float32Array, at: number): void {
  const area = pixels.length / channels;
  for (let channel = 0; channel < channels; channel += 1) {
    for (let i = 0; i < area; i += 1) out[at + channel * area + i] = pixels[i * channels + channel] ?? 0;
  }
}
