import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Dtype, SafetensorsWriter, randomNormal } from '@eigenloom/numeric';

export interface SyntheticTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export type SyntheticTensors = Readonly<Record<string, SyntheticTensor>>;

/** Normally distributed values times a scale. */
export async function normal(shape: readonly number[], stream: bigint, scale = 1): Promise<SyntheticTensor> {
  const length = shape.reduce((product, size) => product * size, 1);
  const values = await randomNormal({ seed: 5n, stream, length, precision: 'f32' });
  return { shape, values: values.map((value) => scale * value) };
}

/** Of each shape one, from streams that follow one another. */
export async function normals(
  shapes: Readonly<Record<string, readonly number[]>>,
  stream: bigint,
  scale: number,
): Promise<SyntheticTensors> {
  const entries = Object.entries(shapes).map(
    async ([name, shape], i) => [name, await normal(shape, stream + BigInt(i), scale)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** Element-wise sum. */
export const plus = (x: SyntheticTensor, y: SyntheticTensor): SyntheticTensor => ({
  shape: x.shape,
  values: x.values.map((value, i) => value + (y.values[i] ?? 0)),
});

/** A model's folder with one file of weights. */
export async function writeModel(
  folder: string,
  tensors: SyntheticTensors,
  dtype: Dtype = 'F32',
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), '{"model_type": "synthetic"}');
  const named = Object.entries(tensors);
  const plans = named.map(([name, { shape }]) => ({ name, dtype, shape }));
  const writer = await SafetensorsWriter.create(join(folder, 'model.safetensors'), plans, undefined, {
    // Tests write broken models.
    allowNonFinite: true,
  });
  for (const [name, { values }] of named) await writer.write(name, values);
  await writer.finish();
  return folder;
}
