import { carriedFile, type JsonObject, readJsonFile } from '@eigenloom/checkpoint';
import { AppError, corruptData, incompatible } from '@eigenloom/errors';

import type { Preprocessing, Size, SizeRule } from './preprocess.js';
import { type Filter, FILTERS } from './resample.js';

const FILE = 'preprocessor_config.json';
const BYTE = 1 / 255;
const MAX_EDGE = 16384;
/** Steps of transformers that are not done here. */
const UNKNOWN_STEPS = [
  ...['crop_pct', 'do_pad', 'do_flip_channel_order', 'do_thumbnail', 'do_align_long_axis'],
  ...['do_image_splitting', 'do_split_image', 'do_normalize_annotations'],
];

/** What a model folder says of its images; undefined where it says nothing. Errors: those of `parsePreprocessor`. */
export async function readPreprocessor(directory: string): Promise<Preprocessing | undefined> {
  try {
    return parsePreprocessor(await readJsonFile(await carriedFile(directory, FILE)));
  } catch (cause) {
    if (cause instanceof AppError && cause.reason === 'FILE_NOT_FOUND') return undefined;
    throw cause;
  }
}

/**
 * The steps of a `preprocessor_config.json` of Hugging Face. Errors: `PREPROCESSOR_UNSUPPORTED` for a step that is not done here, rather
 * than leave it out; `PREPROCESSOR_INVALID`; both name the key.
 */
export function parsePreprocessor(config: JsonObject): Preprocessing {
  const step = UNKNOWN_STEPS.find(
    (key) => config[key] !== undefined && config[key] !== null && config[key] !== false,
  );
  if (step !== undefined) throw unsupported(step, 'is a step that is not done here');
  const { size, crop_size: cropSize, image_mean: mean, image_std: deviation } = config;
  const isDone = (key: string, otherwise: boolean): boolean => {
    const value = config[key] ?? otherwise;
    if (typeof value !== 'boolean') throw invalid(key, 'must be true or false');
    return value;
  };
  return {
    ...(isDone('do_resize', size !== undefined) && {
      resize: { to: ruleOf(size, config), filter: filterOf(config['resample']) },
    }),
    ...(isDone('do_center_crop', cropSize !== undefined) && { centerCrop: squareOf(cropSize, 'crop_size') }),
    ...(isDone('do_rescale', true) && {
      rescale: numberOf(config['rescale_factor'] ?? BYTE, 'rescale_factor'),
    }),
    ...(isDone('do_normalize', mean !== undefined) && {
      normalize: normalizeOf(numbersOf(mean, 'image_mean'), numbersOf(deviation, 'image_std')),
    }),
  };
}

const invalid = (key: string, why: string): Error =>
  corruptData('PREPROCESSOR_INVALID', `${FILE}: ${key} ${why}`);
const unsupported = (key: string, why: string): Error =>
  incompatible('PREPROCESSOR_UNSUPPORTED', `${FILE}: ${key} ${why}`);

function numberOf(value: unknown, key: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(key, 'must be a number');
}

function numbersOf(value: unknown, key: string): number[] {
  if (Array.isArray(value) && value.length > 0) return value.map((entry) => numberOf(entry, key));
  throw invalid(key, 'must be a list of numbers, one for each channel');
}

function normalizeOf(mean: number[], deviation: number[]): Required<Preprocessing>['normalize'] {
  if (mean.length !== deviation.length)
    throw invalid('image_std', `has ${deviation.length} numbers, image_mean ${mean.length}`);
  if (deviation.includes(0)) throw invalid('image_std', 'has a 0, which nothing can be divided by');
  return { mean, deviation };
}

function edgeOf(value: unknown, key: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_EDGE) return value;
  throw invalid(key, `must be a number of pixels from 1 to ${MAX_EDGE}`);
}

function squareOf(value: unknown, key: string): Size {
  if (typeof value !== 'object' || value === null)
    return { height: edgeOf(value, key), width: edgeOf(value, key) };
  const { height, width } = value as JsonObject;
  return { height: edgeOf(height, `${key}.height`), width: edgeOf(width, `${key}.width`) };
}

/** One number is the shorter edge for some processors and both for others: only those of which that is known are read. */
function ruleOf(size: unknown, config: JsonObject): SizeRule {
  if (typeof size !== 'object' || size === null) {
    const named = config['image_processor_type'] ?? config['feature_extractor_type'];
    const type = typeof named === 'string' ? named : '';
    if (type.startsWith('CLIP')) return { shortestEdge: edgeOf(size, 'size') };
    if (/^(ViT|DeiT|BeiT)/i.test(type)) return squareOf(size, 'size');
    throw unsupported('size', 'is one number; write {"height": n, "width": n} or {"shortest_edge": n}');
  }
  const { shortest_edge: shortest, longest_edge: longest, height } = size as JsonObject;
  if (shortest !== undefined) {
    if (typeof longest === 'number' && typeof shortest === 'number' && longest <= shortest) {
      throw invalid('size.longest_edge', 'must be above size.shortest_edge');
    }
    return {
      shortestEdge: edgeOf(shortest, 'size.shortest_edge'),
      ...(longest !== undefined && { longestEdge: edgeOf(longest, 'size.longest_edge') }),
    };
  }
  if (height !== undefined) return squareOf(size, 'size');
  throw unsupported(
    'size',
    `has ${Object.keys(size).join(', ') || 'nothing'}; known are height and width, or shortest_edge`,
  );
}

function filterOf(value: unknown): Filter {
  if (value === undefined) throw invalid('resample', 'is missing, and processors differ in their own filter');
  const filter = typeof value === 'number' ? FILTERS[value] : FILTERS.find((name) => name === value);
  if (filter === undefined)
    throw invalid('resample', `must be one of Pillow's filters, 0 to ${FILTERS.length - 1}`);
  return filter;
}
