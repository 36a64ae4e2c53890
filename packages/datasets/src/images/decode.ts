import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { AppError, corruptData, limitExceeded } from '@eigenloom/errors';
import type Sharp from 'sharp';

import type { ImageBatch } from './image-set.js';

const MAX_FILE_BYTES = 64 * 1024 ** 2;
/** 192 MiB in colour; a small file can claim any size. */
const MAX_PIXELS = 64 * 1024 ** 2;

/** Formats that are decoded; what else the decoder knows, such as SVG, is no image of pixels. AVIF is a kind of HEIF. */
const FORMATS: ReadonlySet<string> = new Set(['png', 'jpeg', 'webp', 'gif', 'tiff', 'heif']);

/** Colour, or shades of grey. */
export type Channels = 1 | 3;

/**
 * Decodes one image file to bytes: upright as its EXIF says, without its alpha channel, colour profiles ignored, the first frame of
 * several; as Pillow's `exif_transpose` and `convert`. Errors: `IMAGE_INVALID`, `IMAGE_TOO_LARGE`, naming the file by `name`.
 */
export async function decodeImage(path: string, name: string, channels: Channels): Promise<ImageBatch> {
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw tooLarge(`${name} has ${size} bytes, the limit is ${MAX_FILE_BYTES}`);
  const file = await readFile(path);
  const sharp = decoder();
  try {
    const image = sharp(file, { limitInputPixels: false, failOn: 'error', ignoreIcc: true });
    const { width: w, height: h, format } = await image.metadata();
    if (!FORMATS.has(format)) {
      throw corruptData('IMAGE_INVALID', `${name} is ${format.toUpperCase()}, which is not read`);
    }
    if (w * h > MAX_PIXELS) throw tooLarge(`${name} has ${w} × ${h} pixels, the limit is ${MAX_PIXELS}`);
    const { data, info } = await image
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const pixels = channels === 3 ? toColour(data, info.channels) : toGrey(data, info.channels);
    return { pixels, count: 1, height, width, channels };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw corruptData('IMAGE_INVALID', `${name} is not an image that can be read: ${why}`, { cause });
  }
}

/** Loaded where it is used: most commands never see an image. */
const decoder = (): typeof Sharp => createRequire(__filename)('sharp') as typeof Sharp;

const tooLarge = (message: string): Error => limitExceeded('IMAGE_TOO_LARGE', message, { retryable: false });

function toColour(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data);
  const out = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) out.fill(data[i] ?? 0, 3 * i, 3 * i + 3);
  return out;
}

/** ITU-R 601-2 luma in fixed point, as Pillow's `convert('L')`. */
function toGrey(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return new Uint8Array(data);
  const out = new Uint8Array(data.length / 3);
  for (let i = 0; i < out.length; i++) {
    const [red = 0, green = 0, blue = 0] = data.subarray(3 * i, 3 * i + 3);
    out[i] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }
  return out;
}
