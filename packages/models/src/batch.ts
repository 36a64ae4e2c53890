import { incompatible } from '@eigenloom/errors';
import type { TokenBatch } from './tokens/batch.js';

/** Images of one size. */
export interface PixelBatch {
  readonly kind: 'pixels';
  /** [size, channels, height, width], row-major, as the model's preprocessing leaves them. */
  readonly values: Float32Array;
  readonly size: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** What a network reads at a time, by the kind of its input. */
export type Batch = TokenBatch | PixelBatch;

/** A batch as tokens. Errors: `INPUT_KIND`. */
export function asTokens(batch: Batch): TokenBatch {
  if (batch.kind === 'tokens') return batch;
  throw wrongKind('tokens', batch);
}

/** Says that a batch holds something else than a model reads. */
export const wrongKind = (wanted: Batch['kind'], { kind }: Batch): Error =>
  incompatible('INPUT_KIND', `the model reads ${wanted}, the batch holds ${kind}`);
