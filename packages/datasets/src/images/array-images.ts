import { corruptData, incompatible } from '@eigenloom/errors';

import { ELEMENT_BYTES, readIntegers, type StoredArray } from '../arrays/stored-array.js';
import { checkBatch, type ImageBatch, type ImageSet } from './image-set.js';

/** Red, green, blue and a fourth: more are the height of an image in another order. */
const MAX_CHANNELS = 4;

/** Images of one array: [n, h, w] or [n, h, w, c]; bytes, or floats from 0 to 1. */
export class ArrayImages implements ImageSet {
  readonly classes = undefined;

  private constructor(
    private readonly array: StoredArray,
    private readonly size: readonly [height: number, width: number, channels: number],
    readonly count: number,
    readonly labels: Int32Array | undefined,
  ) {}

  /** Reads and closes the labels. Errors: `ARRAY_SHAPE`, `ARRAY_TYPE`, `LABELS_COUNT`, `LABEL_INVALID`, each naming the array. */
  static async open(array: StoredArray, labels: StoredArray | undefined): Promise<ArrayImages> {
    try {
      const size = sizeOf(array);
      const count = array.shape[0] ?? 0;
      return new ArrayImages(array, size, count, await readLabels(labels, count, array.name));
    } finally {
      await labels?.bytes.close();
    }
  }

  async read(indices: ArrayLike<number>, signal?: AbortSignal): Promise<ImageBatch> {
    const [height, width, channels] = this.size;
    const { bytes, offset, type } = this.array;
    const pixels = height * width * channels;
    const bytesOfOne = pixels * ELEMENT_BYTES[type];
    checkBatch(indices.length, bytesOfOne);
    const out = new Uint8Array(indices.length * bytesOfOne);
    for (let i = 0; i < indices.length; i++) {
      signal?.throwIfAborted();
      const index = indices[i] ?? 0;
      if (index < 0 || index >= this.count) throw new RangeError(`${this.array.name} has no image ${index}`);
      out.set(await bytes.read(offset + index * bytesOfOne, bytesOfOne), i * bytesOfOne);
    }
    const batch = { count: indices.length, height, width, channels };
    if (type === 'u1') return { ...batch, pixels: out };
    const floats = new Float32Array(out.buffer);
    const outside = floats.findIndex((value) => !(value >= 0 && value <= 1));
    if (outside < 0) return { ...batch, pixels: floats };
    throw corruptData(
      'PIXEL_OUT_OF_RANGE',
      `${this.nameOf(indices[Math.floor(outside / pixels)] ?? 0)} has the pixel ${floats[outside] ?? NaN}; floats go from 0 to 1, and 0 to 255 are uint8`,
    );
  }

  nameOf(index: number): string {
    return `${this.array.name}[${index}]`;
  }

  close(): Promise<void> {
    return this.array.bytes.close();
  }
}

function sizeOf({
  name,
  shape,
  type,
}: StoredArray): readonly [height: number, width: number, channels: number] {
  const [, height = 0, width = 0, channels = 1] = shape;
  if (shape.length < 3 || shape.length > 4 || shape.includes(0)) {
    throw incompatible(
      'ARRAY_SHAPE',
      `${name} has the shape [${shape.join(', ')}]; images are [n, height, width] or [n, height, width, channels]`,
    );
  }
  if (channels > MAX_CHANNELS) {
    throw incompatible(
      'ARRAY_SHAPE',
      `${name} has ${channels} channels in its last dimension; transpose [n, channels, height, width] to (0, 2, 3, 1)`,
    );
  }
  if (type !== 'u1' && type !== 'f4') {
    throw incompatible('ARRAY_TYPE', `${name} has elements of type ${type}; pixels are uint8 or float32`);
  }
  return [height, width, channels];
}

async function readLabels(
  array: StoredArray | undefined,
  count: number,
  images: string,
): Promise<Int32Array | undefined> {
  if (array === undefined) return undefined;
  const { name, shape } = array;
  if (shape.length !== 1 || shape[0] !== count) {
    throw incompatible(
      'LABELS_COUNT',
      `${name} has the shape [${shape.join(', ')}]; the ${count} images of ${images} need [${count}]`,
    );
  }
  const labels = await readIntegers(array);
  const negative = labels.findIndex((label) => label < 0);
  if (negative < 0) return labels;
  throw corruptData(
    'LABEL_INVALID',
    `${name}: element ${negative} is ${labels[negative] ?? NaN}; classes are counted from 0`,
  );
}
