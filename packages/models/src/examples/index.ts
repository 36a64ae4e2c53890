import type { Batch } from '../batch.js';
import { images } from '../pixels/image-kind.js';
import { texts } from '../tokens/text-kind.js';
import type { ExampleKind } from './example-kind.js';

/** The kinds of examples, by the batch that a network reads them as. */
export const EXAMPLE_KINDS: { readonly [K in Batch['kind']]: ExampleKind } = {
  tokens: texts,
  pixels: images,
};
