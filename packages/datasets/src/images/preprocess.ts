import { incompatible } from '@eigenloom/errors';

import { checkBatch, type ImageSet } from './image-set.js';
import { type Filter, type Pixels, resize } from './resample.js';

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** A size; or that of the shorter edge, with a limit to the longer, so that the shape is kept. Pixels. */
export type SizeRule = Size | { readonly shortestEdge: number; readonly longestEdge?: number };

/** What a model's images go through, in this order; what is left out is not done. */
export interface Preprocessing {
  readonly resize?: { readonly to: SizeRule; readonly filter: Filter };
  /** Around the middle; black is added where the image is smaller. */
  readonly centerCrop?: Size;
  /** Factor of pixels from 0 to 255: 1/255 makes them 0 to 1. */
  readonly rescale?: number;
  /** (x − mean) / deviation, for each channel. */
  readonly normalize?: { readonly mean: readonly number[]; readonly deviation: readonly number[] };
}

/** [count, height, width, channels] */
export interface ProcessedImages extends Size {
  readonly pixels: Float32Array;
  readonly count: number;
  readonly channels: number;
}

/**
 * Reads images and makes them what a model expects: y = (rescale · x − mean) / deviation, x from 0 to 255 after resizing and cropping; the
 * product rounded to f32, then each step in f32, as transformers does. Floats from 0 to 1 are taken as 255 times that, unrounded.
 * Works on the thread that calls it, some milliseconds for an image: call it in a worker. Errors: `SIZES_DIFFER`, `CHANNELS_DIFFER`,
 * naming the image; those of `ImageSet.read`.
 */
export async function readProcessed(
  images: ImageSet,
  indices: ArrayLike<number>,
  preprocessing: Preprocessing,
  signal?: AbortSignal,
): Promise<ProcessedImages> {
  let out: ProcessedImages | undefined;
  for (const [i, index] of Array.from(indices).entries()) {
    const image = withChannels(await images.read([index], signal), preprocessing, images.nameOf(index));
    const { pixels, height, width, channels } = processed(image, preprocessing);
    if (out === undefined) {
      checkBatch(indices.length, pixels.byteLength);
      out = {
        pixels: new Float32Array(indices.length * pixels.length),
        count: indices.length,
        height,
        width,
        channels,
      };
    }
    if (height !== out.height || width !== out.width || channels !== out.channels) {
      throw incompatible(
        'SIZES_DIFFER',
        `${images.nameOf(index)} is ${width} × ${height} × ${channels} after its preparation, ${images.nameOf(indices[0] ?? 0)} ${out.width} × ${out.height} × ${out.channels}; resize to a height and a width, or crop`,
      );
    }
    out.pixels.set(pixels, i * pixels.length);
  }
  return out ?? { pixels: new Float32Array(0), count: 0, height: 0, width: 0, channels: 0 };
}

/** Grey becomes colour where the model's means are of colour. */
function withChannels(image: Pixels, { normalize }: Preprocessing, name: string): Pixels {
  const wanted = normalize?.mean.length ?? image.channels;
  if (wanted === image.channels) return image;
  if (image.channels === 1) {
    const { pixels } = image;
    const out =
      pixels instanceof Uint8Array
        ? new Uint8Array(pixels.length * wanted)
        : new Float32Array(pixels.length * wanted);
    pixels.forEach((value, i) => out.fill(value, i * wanted, (i + 1) * wanted));
    return { ...image, pixels: out, channels: wanted };
  }
  throw incompatible(
    'CHANNELS_DIFFER',
    `${name} has ${image.channels} channels, image_mean of the model ${wanted}`,
  );
}

/** One image through all steps. Errors: none. */
export function processed(
  image: Pixels,
  preprocessing: Preprocessing,
): Pixels & { readonly pixels: Float32Array } {
  const { resize: resizing, centerCrop, rescale = 1, normalize } = preprocessing;
  const size = resizing && sizeAfter(image, resizing.to);
  const resized = resizing && size ? resize(image, size.height, size.width, resizing.filter) : image;
  const cropped = centerCrop ? crop(resized, centerCrop) : resized;
  const { pixels, channels } = cropped;
  const factor = rescale * (pixels instanceof Uint8Array ? 1 : 255);
  const mean = Float32Array.from(normalize?.mean ?? []);
  const deviation = Float32Array.from(normalize?.deviation ?? []);
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < out.length; i++) {
    const value = Math.fround((pixels[i] ?? 0) * factor);
    const channel = i % channels;
    out[i] = normalize ? Math.fround(value - (mean[channel] ?? 0)) / (deviation[channel] ?? 1) : value;
  }
  return { ...cropped, pixels: out };
}

/** As transformers: the longer edge is rounded down; where it would be above its limit, it has the limit and the shorter follows. */
function sizeAfter({ height, width }: Size, to: SizeRule): Size {
  if ('height' in to) return to;
  const [short, long] = width <= height ? [width, height] : [height, width];
  let newShort = to.shortestEdge;
  let newLong = Math.trunc((newShort * long) / short);
  if (to.longestEdge !== undefined && newLong > to.longestEdge) {
    newShort = Math.trunc((to.longestEdge * newShort) / newLong);
    newLong = to.longestEdge;
  }
  return width <= height ? { height: newLong, width: newShort } : { height: newShort, width: newLong };
}

function crop(image: Pixels, { height, width }: Size): Pixels {
  const { pixels, channels } = image;
  const top = startOf(image.height, height);
  const left = startOf(image.width, width);
  const length = height * width * channels;
  const out = pixels instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const from = Math.max(0, -left);
    const to = Math.min(width, image.width - left);
    const row = ((y + top) * image.width + left) * channels;
    out.set(pixels.subarray(row + from * channels, row + to * channels), (y * width + from) * channels);
  }
  return { pixels: out, height, width, channels };
}

/** Where the crop begins in the image, below 0 where black comes first. */
const startOf = (from: number, to: number): number =>
  from >= to ? Math.floor((from - to) / 2) : -Math.ceil((to - from) / 2);
