import { firstImages, type ImageSet, openImages, type Preprocessing } from '@eigenloom/datasets';
import { incompatible } from '@eigenloom/errors';
import { opening } from '@eigenloom/checkpoint';
import type { Labelled } from '../class-names.js';
import type {
  DataSource,
  ExampleKind,
  ExampleReader,
  ExampleSet,
  ReadingModel,
  ReadOptions,
} from '../examples/example-kind.js';
import { ImageExamples } from './image-examples.js';
import { imageInputOf, preprocessingOf, PREPROCESSOR_FILE, preprocessorText } from './preprocessing.js';

/** Images that are decoded before a job, from all over the data, to find out whether they can be. */
const LOOKED_AT = 8;

class ImageReader implements ExampleReader {
  readonly kind = 'pixels';
  readonly mostPositions: number;
  readonly bytesOfExample: number;
  readonly #channels: 1 | 3;

  constructor(
    { network }: ReadingModel,
    private readonly preprocessing: Preprocessing,
  ) {
    const { height, width, channels } = imageInputOf(network);
    this.mostPositions = network.config.maxPositions;
    // Two batches are held.
    this.bytesOfExample = 2 * Float32Array.BYTES_PER_ELEMENT * height * width * channels;
    this.#channels = channels === 1 ? 1 : 3;
  }

  async check(source: DataSource, options: ReadOptions): Promise<readonly Labelled[]> {
    return this.#open(source, options, async (set) => {
      const numbers = firstImages(set, source.limit);
      const apart = Math.max(1, Math.floor(numbers.length / LOOKED_AT));
      for (const number of numbers.filter((_, i) => i % apart === 0).subarray(0, LOOKED_AT)) {
        await set.read([number], options.signal);
      }
      return firstOfEachClass(set, numbers);
    });
  }

  count(source: DataSource, signal: AbortSignal): Promise<number> {
    const count = ({ count: all }: ImageSet): number => firstCount(all, source.limit);
    return this.#open(source, { requireLabels: false, signal }, count);
  }

  async read(source: DataSource, name: string, options: ReadOptions): Promise<ExampleSet> {
    const set = await opening({ field: name }, () =>
      openImages(source.path, { ...options, channels: this.#channels }),
    );
    const numbers = firstImages(set, source.limit);
    return {
      labelled: firstOfEachClass(set, numbers),
      classified: (rowOf) => {
        const labels = numbers.map((number) => rowOf.get(labelOf(set, number) ?? '') ?? -1);
        const chosen = { set, numbers, labels, name };
        return Promise.resolve({
          examples: new ImageExamples(chosen, this.preprocessing, this.mostPositions),
          counts: { examples: numbers.length, changed: [] },
        });
      },
    };
  }

  async #open<T>(
    { path }: DataSource,
    options: ReadOptions,
    use: (set: ImageSet) => T | Promise<T>,
  ): Promise<T> {
    const set = await openImages(path, { ...options, channels: this.#channels });
    try {
      return await use(set);
    } finally {
      await set.close();
    }
  }
}

const firstCount = (count: number, limit: number): number => (limit === 0 ? count : Math.min(count, limit));

/** Class of an image by its name, or by its number where classes have no names. */
function labelOf({ labels, classes }: ImageSet, number: number): string | undefined {
  const label = labels?.[number];
  return label === undefined ? undefined : (classes?.[label] ?? String(label));
}

function firstOfEachClass(set: ImageSet, numbers: Int32Array): Labelled[] {
  const first = new Map<string, Labelled>();
  for (const number of numbers) {
    const label = labelOf(set, number);
    if (label !== undefined && !first.has(label)) first.set(label, { label, name: set.nameOf(number) });
  }
  return [...first.values()];
}

/** Images of a folder or of an array, prepared as the model's `preprocessor_config.json` says. */
export const images: ExampleKind = {
  noun: 'images',
  takes: { fields: false, maxLength: false },
  settings: () => [],
  async open(model) {
    const { channels } = imageInputOf(model.network);
    if (channels !== 1 && channels !== 3) {
      throw incompatible('INPUT_SHAPE', `the model reads ${channels} channels, images have 1 or 3`);
    }
    return new ImageReader(model, await preprocessingOf(model));
  },
  filesBeside: async (model) => new Map([[PREPROCESSOR_FILE, await preprocessorText(model)]]),
};
