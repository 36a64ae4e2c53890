import { readdir } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';

import { corruptData, incompatible, limitExceeded } from '@eigenloom/errors';

import { type Channels, decodeImage } from './decode.js';
import { checkBatch, type ImageBatch, type ImageSet } from './image-set.js';

const READ = new Set(['.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp', '.gif', '.tif', '.tiff', '.avif']);
/** Image formats that are refused instead of passed over. */
const REFUSED = new Set(['.bmp', '.ppm', '.pgm', '.heic', '.jp2', '.psd', '.ico', '.dng']);
/** Their names are held in memory. */
const MAX_IMAGES = 5_000_000;
/** Files that are decoded at the same time. */
const AT_ONCE = 8;

/** Image files: those of one sub-folder are a class; without sub-folders there are no classes. */
export class FolderImages implements ImageSet {
  private constructor(
    private readonly path: string,
    /** Relative to the folder, in the order of the images. */
    private readonly files: readonly string[],
    readonly labels: Int32Array | undefined,
    readonly classes: readonly string[] | undefined,
    private readonly channels: Channels,
  ) {}

  get count(): number {
    return this.files.length;
  }

  /**
   * Classes and files in the order of code units. Hidden files, and files whose names do not end as images', are passed over.
   * Errors: `DATASET_EMPTY`, `CLASS_EMPTY`, `FOLDER_MIXED`, `IMAGE_FORMAT`, `TOO_MANY_IMAGES`, `LINK_REFUSED`.
   */
  static async open(path: string, channels: Channels): Promise<FolderImages> {
    const entries = (await readdir(path, { withFileTypes: true })).filter(
      ({ name }) => !name.startsWith('.'),
    );
    const classes = entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(byCodeUnits);
    const loose = imagesOf(
      entries.filter((entry) => !entry.isDirectory()).map((entry) => ({ entry, file: entry.name })),
    );
    if (classes.length === 0) {
      if (loose.length === 0) throw corruptData('DATASET_EMPTY', `folder ${basename(path)} has no images`);
      return new FolderImages(path, loose, undefined, undefined, channels);
    }
    if (loose.length > 0) {
      throw incompatible(
        'FOLDER_MIXED',
        `folder ${basename(path)} has classes (${classes[0] ?? ''}) and images beside them (${loose[0] ?? ''}); move those into a class`,
      );
    }
    const files: string[] = [];
    const labels: number[] = [];
    for (const [label, name] of classes.entries()) {
      for (const file of await filesOf(path, name)) {
        files.push(file);
        labels.push(label);
      }
      if (files.length > MAX_IMAGES) {
        throw limitExceeded(
          'TOO_MANY_IMAGES',
          `folder ${basename(path)} has more than ${MAX_IMAGES} images`,
          { retryable: false },
        );
      }
    }
    return new FolderImages(path, files, Int32Array.from(labels), classes, channels);
  }

  async read(indices: ArrayLike<number>, signal?: AbortSignal): Promise<ImageBatch> {
    const wanted = Array.from(indices);
    let batch: (ImageBatch & { pixels: Uint8Array }) | undefined;
    for (let start = 0; start < wanted.length; start += AT_ONCE) {
      signal?.throwIfAborted();
      const images = await Promise.all(
        wanted.slice(start, start + AT_ONCE).map((index) => this.#decode(index)),
      );
      for (const [i, { pixels, height, width, channels }] of images.entries()) {
        if (batch === undefined) {
          checkBatch(wanted.length, pixels.length);
          batch = {
            pixels: new Uint8Array(wanted.length * pixels.length),
            count: wanted.length,
            height,
            width,
            channels,
          };
        }
        if (height !== batch.height || width !== batch.width) {
          throw incompatible(
            'SIZES_DIFFER',
            `${this.nameOf(wanted[start + i] ?? 0)} is ${width} × ${height}, ${this.nameOf(wanted[0] ?? 0)} ${batch.width} × ${batch.height}; images of one batch have one size, so resize them`,
          );
        }
        batch.pixels.set(pixels, (start + i) * pixels.length);
      }
    }
    return batch ?? { pixels: new Uint8Array(0), count: 0, height: 0, width: 0, channels: this.channels };
  }

  nameOf(index: number): string {
    return this.files[index] ?? `image ${index}`;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #decode(index: number): Promise<ImageBatch> {
    const file = this.files[index];
    if (file === undefined) throw new RangeError(`folder ${basename(this.path)} has no image ${index}`);
    return decodeImage(join(this.path, file), file, this.channels);
  }
}

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Images of one class, at any depth. */
async function filesOf(root: string, name: string): Promise<string[]> {
  const entries = await readdir(join(root, name), { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => ({ entry, file: relative(root, join(entry.parentPath, entry.name)) }));
  const images = imagesOf(files);
  if (images.length === 0)
    throw corruptData('CLASS_EMPTY', `class ${name} of folder ${basename(root)} has no images`);
  return images;
}

interface Found {
  readonly entry: { isSymbolicLink(): boolean };
  readonly file: string;
}

function imagesOf(found: readonly Found[]): string[] {
  const images: string[] = [];
  for (const { entry, file } of found) {
    const ending = extname(file).toLowerCase();
    if (REFUSED.has(ending)) {
      throw incompatible(
        'IMAGE_FORMAT',
        `${file}: ${ending.slice(1).toUpperCase()} is not read; convert it to PNG`,
      );
    }
    if (!READ.has(ending)) continue;
    // It could lead out of the folders that may be read.
    if (entry.isSymbolicLink())
      throw incompatible('LINK_REFUSED', `${file} is a link; put the file itself there`);
    images.push(file);
  }
  return images.sort(byCodeUnits);
}
