import type { TensorDifference } from '@eigenloom/numeric';

/** How a result differs from its base, or from the first model. Norms are of the values as they are stored. */
export interface Changes {
  readonly tensors: number;
  readonly changedTensors: number;
  readonly deltaNorm: number;
  readonly referenceNorm: number;
}

/** Adds up tensors in the order given, so that the sums do not depend on shards or on how often a merge was taken up again. */
export function changesOf(tensors: readonly TensorDifference[]): Changes {
  let delta = 0;
  let reference = 0;
  for (const tensor of tensors) {
    delta += tensor.delta;
    reference += tensor.reference;
  }
  return {
    tensors: tensors.length,
    changedTensors: tensors.filter(({ changed }) => changed).length,
    deltaNorm: Math.sqrt(delta),
    referenceNorm: Math.sqrt(reference),
  };
}

const NUMBERS = 3;

/** Exactly, infinite sums included, in a form that JSON keeps. */
export const encodeDifferences = (tensors: readonly TensorDifference[]): string =>
  Buffer.from(
    new Float64Array(tensors.flatMap(({ changed, delta, reference }) => [Number(changed), delta, reference]))
      .buffer,
  ).toString('base64');

/** Undefined unless it is of so many tensors. */
export function decodeDifferences(text: string, tensors: number): TensorDifference[] | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.byteLength !== tensors * NUMBERS * Float64Array.BYTES_PER_ELEMENT) return undefined;
  const number = (index: number): number => bytes.readDoubleLE(index * Float64Array.BYTES_PER_ELEMENT);
  return Array.from({ length: tensors }, (_, tensor) => ({
    changed: number(NUMBERS * tensor) === 1,
    delta: number(NUMBERS * tensor + 1),
    reference: number(NUMBERS * tensor + 2),
  }));
}
