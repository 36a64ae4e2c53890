import { opening } from '@eigenloom/checkpoint';
import { type ImageSet, type Preprocessing, readProcessed } from '@eigenloom/datasets';
import type { PixelBatch } from '../batch.js';
import type { Examples } from '../examples/examples.js';
import { joinImages } from './join-images.js';

/** Batches in memory: the one that is worked on, and the next. */
const HELD = 2;
/** Images that are decoded at the same time. */
const AT_ONCE = 8;

/** Images of a data set, some of them, by the numbers that they have there. */
export interface ChosenImages {
  readonly set: ImageSet;
  readonly numbers: Int32Array;
  /** Row of the class of each number. */
  readonly labels: Int32Array;
  /** What errors call the data: `train_data`. */
  readonly name: string;
}

/** Images that are read, decoded and prepared when they are loaded; two batches are in memory at most. */
export class ImageExamples implements Examples<PixelBatch> {
  readonly lengths: Int32Array;
  readonly labels: Int32Array;
  /** By the images in them, oldest first. */
  readonly #held = new Map<string, Promise<PixelBatch>>();
  readonly #ready = new WeakMap<Promise<PixelBatch>, PixelBatch>();

  constructor(
    private readonly chosen: ChosenImages,
    private readonly preprocessing: Preprocessing,
    positions: number,
  ) {
    this.labels = chosen.labels;
    this.lengths = new Int32Array(chosen.labels.length).fill(positions);
  }

  async load(indices: Int32Array, signal?: AbortSignal): Promise<void> {
    const key = indices.join();
    const known = this.#held.get(key);
    const batch = known ?? this.#read(indices, signal);
    this.#held.delete(key);
    this.#held.set(key, batch);
    for (const old of [...this.#held.keys()].slice(0, -HELD)) this.#held.delete(old);
    this.#ready.set(batch, await batch);
  }

  batch(indices: Int32Array): PixelBatch {
    const held = this.#held.get(indices.join());
    const batch = held && this.#ready.get(held);
    if (batch === undefined) throw new Error('a batch of images is loaded before it is worked on');
    return batch;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#held.values());
    await this.chosen.set.close();
  }

  async #read(indices: Int32Array, signal?: AbortSignal): Promise<PixelBatch> {
    const { set, numbers, name } = this.chosen;
    const wanted = Array.from(indices, (i) => numbers[i] ?? 0);
    return opening({ field: name }, async () => {
      const batch = joinImages(wanted.length);
      for (let start = 0; start < wanted.length; start += AT_ONCE) {
        signal?.throwIfAborted();
        const some = wanted.slice(start, start + AT_ONCE);
        const read = await Promise.all(
          some.map((number) => readProcessed(set, [number], this.preprocessing, signal)),
        );
        for (const [i, image] of read.entries()) batch.add(image, set.nameOf(some[i] ?? 0));
      }
      return batch.whole();
    });
  }
}
