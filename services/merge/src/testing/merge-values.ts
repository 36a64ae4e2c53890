import { join } from 'node:path';

import { MergeJob, type MergeSource, SafetensorsFile } from '@eigenloom/numeric';

import type { ModelParameters } from '../steps/method-facts.js';
import { methodFromJson } from './method-from-json.js';
import { type SyntheticTensor, writeModel } from './synthetic-model.js';

let count = 0;

/** One tensor of a model, in a file of its own. */
export async function sourceOf(folder: string, tensor: SyntheticTensor): Promise<MergeSource> {
  const model = await writeModel(join(folder, `tensor-${(count += 1)}`), { w: tensor });
  return { file: await SafetensorsFile.open(join(model, 'model.safetensors')), name: 'w', pairs: [] };
}

/** One tensor, merged by a method with parameters in JSON, in f32. */
export function mergeValues(
  method: object,
  shape: readonly number[],
  models: readonly MergeSource[],
  base: MergeSource,
  parameters: readonly Partial<ModelParameters>[] = [],
): Promise<Float32Array> {
  const elements = shape.reduce((product, size) => product * size, 1);
  const of = models.map((_, i) => ({ weight: 1, ...parameters[i] }));
  const bound = methodFromJson(method);
  bound.check(of);
  const steps = bound.mergeTensor({
    name: 'w',
    shape,
    elements,
    models: of,
    statistics: false,
    mode: 'paper',
  });
  return MergeJob.toMemory({ name: 'w', models, base, steps });
}

/** Largest difference relative to the largest value; NaN where a value is missing. */
export function distance(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [largest, most] = [0, 0];
  for (let i = 0; i < x.length; i += 1) {
    const [value, other] = [x[i] ?? NaN, y[i] ?? NaN];
    largest = Math.max(largest, Math.abs(value));
    most = Math.max(most, Math.abs(value - other));
  }
  return most / largest;
}
