import { open, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';

import { corruptData, incompatible, notFound } from '@eigenloom/errors';

import { type ByteSource, openBytes } from '../arrays/byte-source.js';
import { isIdx, readIdx } from '../arrays/idx.js';
import { NPY_MAGIC, readNpy } from '../arrays/npy.js';
import { Npz } from '../arrays/npz.js';
import type { StoredArray } from '../arrays/stored-array.js';
import { ArrayImages } from './array-images.js';
import type { Channels } from './decode.js';
import { FolderImages } from './folder.js';
import type { ImageSet } from './image-set.js';

export interface ImageOptions {
  /** Refuse images without classes. */
  readonly requireLabels?: boolean;
  /** Of image files; arrays have those that they have. Default 3. */
  readonly channels?: Channels;
  readonly signal?: AbortSignal;
}

/** Names of the arrays in a `.npz`. */
const IMAGES = ['x', 'images'];
const LABELS = ['y', 'labels'];
const ZIP = Buffer.from('PK');

/**
 * Opens images: a folder with a sub-folder a class; an IDX file with its labels beside it, also compressed; a `.npy` with `labels.npy`
 * beside it; a `.npz` with arrays `x` and `y`, or `images` and `labels`. What a file is, its content says.
 * Errors: `DATASET_NOT_FOUND`, `NOT_A_FILE`, `DATASET_FORMAT`, `LABELS_MISSING`; those of `FolderImages` and `ArrayImages`.
 */
export async function openImages(path: string, options: ImageOptions = {}): Promise<ImageSet> {
  const info = await stat(path).catch((cause: unknown) => {
    throw notFound('DATASET_NOT_FOUND', `${basename(path)} does not exist`, { cause });
  });
  if (!info.isDirectory() && !info.isFile()) {
    throw incompatible('NOT_A_FILE', `${basename(path)} is neither a file nor a folder`);
  }
  const images = info.isDirectory()
    ? await FolderImages.open(path, options.channels ?? 3)
    : await openArrays(path, options);
  if (images.labels !== undefined || options.requireLabels !== true) return images;
  await images.close();
  throw incompatible(
    'LABELS_MISSING',
    `${basename(path)} has no classes: ${wantedLabels(path, info.isDirectory())}`,
  );
}

function wantedLabels(path: string, isFolder: boolean): string {
  if (isFolder) return 'put the images of each class into a sub-folder';
  const name = basename(path);
  if (extname(name) === '.npz') return `add an array ${LABELS.join(' or ')}`;
  return `put ${labelsFileOf(name) ?? 'labels.npy'} beside it`;
}

async function openArrays(path: string, { signal }: ImageOptions): Promise<ImageSet> {
  if ((await headOf(path)).subarray(0, ZIP.length).equals(ZIP)) return openNpz(path, signal);
  const bytes = await openBytes(path, signal);
  return closingOnError(bytes, async () => {
    const head = await bytes.read(0, Math.min(bytes.size, NPY_MAGIC.length));
    if (head.equals(NPY_MAGIC)) {
      return ArrayImages.open(await readNpy(bytes), await besides(path, 'labels.npy', readNpy));
    }
    if (isIdx(head)) {
      return ArrayImages.open(
        await readIdx(bytes),
        await besides(path, labelsFileOf(basename(path)), readIdx),
      );
    }
    throw corruptData(
      'DATASET_FORMAT',
      `${basename(path)} holds no images that are read: wanted is a folder of image files, an IDX file, a .npy or a .npz`,
    );
  });
}

async function headOf(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(NPY_MAGIC.length), 0, NPY_MAGIC.length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** `train-images-idx3-ubyte.gz` → `train-labels-idx1-ubyte.gz`, the names that MNIST's files have. */
function labelsFileOf(name: string): string | undefined {
  return /images[.-]idx[34]/.test(name)
    ? name.replace(/images([.-])idx[34]/, (_, separator: string) => `labels${separator}idx1`)
    : undefined;
}

/** The file beside an array of images that has their labels; undefined for other data, and where there is none. */
export async function labelsBeside(path: string): Promise<string | undefined> {
  const info = await stat(path);
  if (!info.isFile()) return undefined;
  const bytes = await openBytes(path).catch(() => undefined);
  if (bytes === undefined) return undefined;
  try {
    const head = await bytes.read(0, Math.min(bytes.size, NPY_MAGIC.length));
    if (head.equals(NPY_MAGIC)) return await besideFile(path, 'labels.npy');
    return isIdx(head) ? await besideFile(path, labelsFileOf(basename(path))) : undefined;
  } finally {
    await bytes.close();
  }
}

/** The labels in a file of the same folder, read whole; undefined where there is none. */
async function besides(
  path: string,
  name: string | undefined,
  read: (bytes: ByteSource) => Promise<StoredArray>,
): Promise<StoredArray | undefined> {
  const file = await besideFile(path, name);
  if (file === undefined) return undefined;
  const bytes = await openBytes(file);
  return closingOnError(bytes, () => read(bytes));
}

/** A file of the same folder, with `.gz` or without. */
async function besideFile(path: string, name: string | undefined): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const plain = name.replace(/\.gz$/, '');
  for (const candidate of [name, plain, `${plain}.gz`]) {
    const file = join(dirname(path), candidate);
    const isThere = await stat(file).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

async function openNpz(path: string, signal?: AbortSignal): Promise<ImageSet> {
  const name = basename(path);
  const archive = await Npz.open(path, name);
  try {
    const first = async (names: readonly string[]): Promise<StoredArray | undefined> => {
      for (const array of names) {
        const bytes = await archive.read(array, signal);
        if (bytes !== undefined) return readNpy(bytes);
      }
      return undefined;
    };
    const images = await first(IMAGES);
    if (images !== undefined) return await ArrayImages.open(images, await first(LABELS));
    throw incompatible(
      'ARRAY_MISSING',
      `${name} has the arrays ${archive.names.join(', ') || 'of nothing'}; wanted are ${IMAGES.join(' or ')}, and ${LABELS.join(' or ')} for classes`,
    );
  } finally {
    archive.close();
  }
}

async function closingOnError<T>(source: ByteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await source.close();
    throw error;
  }
}
