import { readFile } from 'node:fs/promises';
import { carriedFile, type JsonObject, sortedJson } from '@eigenloom/checkpoint';
import { parsePreprocessor, type Preprocessing, readPreprocessor } from '@eigenloom/datasets';
import { AppError, incompatible } from '@eigenloom/errors';
import type { ReadingModel } from '../examples/example-kind.js';
import type { ImageInput } from '../families/family.js';

type ImageModel = Pick<ReadingModel, 'directory' | 'network'>;

export const PREPROCESSOR_FILE = 'preprocessor_config.json';
/** Pillow's number of its bilinear filter. */
const BILINEAR = 2;

/** Of a model without a file: that of transformers' ViTImageProcessor, at the model's own size. */
function defaultsOf({ height, width, channels }: ImageInput): JsonObject {
  const half = new Array<number>(channels).fill(0.5);
  return {
    image_processor_type: 'ViTImageProcessor',
    ...{ do_resize: true, size: { height, width }, resample: BILINEAR },
    ...{ do_rescale: true, rescale_factor: 1 / 255 },
    ...{ do_normalize: true, image_mean: half, image_std: half },
  };
}

/** The images that a network reads. */
export function imageInputOf({ config, family }: ReadingModel['network']): ImageInput {
  if (config.image === undefined) throw new Error(`the ${family.id} family does not say what its images are`);
  return config.image;
}

/** The model's `preprocessor_config.json`, or the one that stands for it where it has none. */
export async function preprocessorText({ directory, network }: ImageModel): Promise<string> {
  try {
    return await readFile(await carriedFile(directory, PREPROCESSOR_FILE), 'utf8');
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.reason !== 'FILE_NOT_FOUND') throw cause;
    return sortedJson(defaultsOf(imageInputOf(network)));
  }
}

/**
 * What a model's images go through. Errors: those of the file; `INPUT_SHAPE` where it makes images of another size than the model reads.
 */
export async function preprocessingOf({ directory, network }: ImageModel): Promise<Preprocessing> {
  const input = imageInputOf(network);
  const preprocessing = (await readPreprocessor(directory)) ?? parsePreprocessor(defaultsOf(input));
  const made = preprocessing.centerCrop ?? preprocessing.resize?.to;
  if (made === undefined || !('height' in made)) return preprocessing;
  if (made.height === input.height && made.width === input.width) return preprocessing;
  throw incompatible(
    'INPUT_SHAPE',
    `${PREPROCESSOR_FILE} makes images of ${made.width} × ${made.height} pixels, the model reads ${input.width} × ${input.height}`,
  );
}
