import { limitExceeded } from '@eigenloom/errors';

/** Pixels of one batch, held in memory at once. */
const MAX_BATCH_BYTES = 1024 ** 3;

/** Images of one size. */
export interface ImageBatch {
  /** [count, height, width, channels], row-major: 0 to 255 as bytes, or 0 to 1 as floats, as they are stored. */
  readonly pixels: Uint8Array | Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Images that are read when they are asked for. */
export interface ImageSet {
  readonly count: number;
  /** Names of the classes in the order of their numbers; undefined where the data know numbers only, or no classes. */
  readonly classes: readonly string[] | undefined;
  /** Class of each image; undefined where the data have none. */
  readonly labels: Int32Array | undefined;
  /**
   * The images of these numbers, all of one size. Errors: `SIZES_DIFFER`, naming two images; `BATCH_TOO_LARGE`; those of the files, naming
   * the one that is wrong.
   */
  read(indices: ArrayLike<number>, signal?: AbortSignal): Promise<ImageBatch>;
  /** What messages call an image: its file, or its place in an array. */
  nameOf(index: number): string;
  close(): Promise<void>;
}

/** Errors: `BATCH_TOO_LARGE`. */
export function checkBatch(count: number, bytesOfOne: number): void {
  if (count * bytesOfOne <= MAX_BATCH_BYTES) return;
  throw limitExceeded(
    'BATCH_TOO_LARGE',
    `${count} images of ${bytesOfOne} bytes each are more than the ${MAX_BATCH_BYTES} bytes that are read at once; read fewer, or resize them`,
    { retryable: false },
  );
}
