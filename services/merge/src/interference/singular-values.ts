import type { TensorSource } from '@eigenloom/checkpoint';
import { MergeJob, svd } from '@eigenloom/numeric';

/** Singular values of a task vector, a matrix, largest first, in f32. */
export async function singularValuesOf(
  name: string,
  shape: readonly number[],
  source: TensorSource,
  base: TensorSource,
  signal: AbortSignal,
): Promise<Float32Array> {
  const data = await MergeJob.toMemory(
    {
      name,
      models: [source],
      base,
      steps: [{ step: 'delta' }, { step: 'sum', divisor: 'one', weights: [1] }],
    },
    { signal },
  );
  const [rows = 0, columns = 0] = shape;
  const { s } = await svd({ rows, columns, data }, { vectors: 'none' }, { signal });
  return s;
}
