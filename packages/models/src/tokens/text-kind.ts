import { checkDataset, streamDataset } from '@eigenloom/datasets';
import type { Labelled } from '../class-names.js';
import type {
  DataSource,
  ExampleKind,
  ExampleReader,
  ExampleSet,
  ReadingModel,
  ReadOptions,
} from '../examples/example-kind.js';
import type { UsedExamples } from '../examples/examples.js';
import { TextExamples } from './text-examples.js';
import { TextSet, type UsedTexts } from './text-set.js';
import { tokenizeExamples } from './tokenize.js';
import { loadTokenizer, type TextTokenizer } from './tokenizer.js';

class TextReader implements ExampleReader {
  readonly kind = 'tokens';
  readonly mostPositions: number;
  readonly bytesOfExample: number;
  readonly #padTokenId: number;

  constructor(
    { network, maxLength }: ReadingModel,
    private readonly tokenizer: TextTokenizer,
  ) {
    this.mostPositions = maxLength;
    this.bytesOfExample = Int32Array.BYTES_PER_ELEMENT * maxLength;
    this.#padTokenId = network.config.padTokenId;
  }

  async check(
    { path, textField, labelField, limit }: DataSource,
    { requireLabels, signal }: ReadOptions,
  ): Promise<readonly Labelled[]> {
    const found = await checkDataset(path, { textField, labelField, limit, requireLabels, signal });
    const options = { path, maxLength: this.mostPositions, requireTokens: requireLabels, signal };
    await tokenizeExamples(this.tokenizer, found, options);
    return found;
  }

  async count({ path, textField, labelField, limit }: DataSource, signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const example of streamDataset(path, { textField, labelField, limit, signal })) {
      if (example.line > 0) count++;
    }
    return count;
  }

  async read(source: DataSource, name: string, options: ReadOptions): Promise<ExampleSet> {
    const set = await TextSet.read({ ...source, name, place: { field: name } }, options);
    const tokens = { maxLength: this.mostPositions, signal: options.signal };
    return {
      labelled: set.examples,
      classified: async (rowOf) => this.#used(await set.classified(this.tokenizer, rowOf, tokens)),
      sequences: async () => this.#used(await set.withNextTokens(this.tokenizer, tokens)),
    };
  }

  #used({ texts: used, counts }: UsedTexts): UsedExamples {
    const changed = [
      { count: counts.cut, how: 'lost their end' },
      { count: counts.unused, how: 'have no next token and are left out' },
    ];
    return {
      examples: new TextExamples(used, this.#padTokenId),
      counts: { examples: counts.texts, changed: changed.filter(({ count }) => count > 0) },
    };
  }
}

/** Texts of a file, as tokens. */
export const texts: ExampleKind = {
  noun: 'texts',
  takes: { fields: true, maxLength: true },
  settings: ({ maxLength }) => [['Longest text', `${maxLength} tokens`]],
  open: async (model) => new TextReader(model, await loadTokenizer(model.directory)),
  filesBeside: () => Promise.resolve(new Map()),
};
