import { type TensorInfo, isStoredBuffer } from '@eigenloom/checkpoint';
import { isFloat } from '@eigenloom/numeric';
import type { Skipped, Weight } from './weight.js';

/** Names of tables that are looked up, in the checkpoints of Hugging Face. */
const EMBEDDING = /(^|[._])(embed\w*|\w*embeddings?|wte|wpe|shared)$/;
const CONVOLUTION = /conv/i;

/** What a tensor is to a spectral analysis: a weight, or something to leave out. */
export function recognise({ name, dtype, shape }: TensorInfo): Weight | Skipped {
  const skip = (reason: string): Skipped => ({ name, reason });
  if (!isFloat(dtype)) return skip(`stored as ${dtype}, not as floating-point numbers`);
  if (isStoredBuffer({ name, shape })) return skip('is a buffer that no training changes');
  if (shape.some((size) => size === 0)) return skip('has no elements');
  const [first = 1, second = 1, third = 1] = shape;
  const longname = name.replace(/\.weight$/, '');
  const common = { name, longname, positions: 1, stacked: 1 };
  switch (shape.length) {
    case 0:
      return skip('is a scalar');
    case 1:
      return skip('is a vector');
    case 2:
      return {
        ...common,
        type: EMBEDDING.test(longname) ? 'embedding' : 'dense',
        rows: first,
        columns: second,
      };
    case 3:
      return CONVOLUTION.test(name)
        ? { ...common, type: 'conv', rows: first, columns: second, positions: third }
        : { ...common, type: 'stack', stacked: first, rows: second, columns: third };
    default: {
      const positions = shape.slice(2).reduce((product, size) => product * size, 1);
      return { ...common, type: 'conv', rows: first, columns: second, positions };
    }
  }
}

export const isSkipped = (result: Weight | Skipped): result is Skipped => 'reason' in result;
