import { rm } from 'node:fs/promises';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';
import {
  dtypeOf,
  fromBytes,
  toBytes,
  type NamedTensors,
  type TensorArray,
  type TensorValues,
} from './named-tensors.js';

/** Writes tensors in their own types in the order of the map, over what is there; the file is durable afterwards. */
export async function writeTensors(path: string, tensors: NamedTensors): Promise<void> {
  await rm(path, { force: true });
  const plans = [...tensors].map(([name, { shape, values }]) => ({ name, shape, dtype: dtypeOf(values) }));
  const writer = await SafetensorsWriter.create(path, plans, {});
  try {
    for (const [name, { values }] of tensors) await writer.write(name, toBytes(values));
    await writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
}

/** Tensors in the types in which they were written. */
export async function readTensors(path: string): Promise<Map<string, TensorValues<TensorArray>>> {
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, TensorValues<TensorArray>>();
  for (const [name, { shape, dtype }] of file.tensors)
    tensors.set(name, { shape, values: fromBytes(dtype, await file.read(name, 'raw')) });
  return tensors;
}

/** Tensors as f32, whatever they are stored as. */
export async function readWeights(path: string): Promise<Map<string, TensorValues>> {
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, TensorValues>();
  for (const [name, { shape }] of file.tensors)
    tensors.set(name, { shape, values: await file.read(name, 'f32') });
  return tensors;
}
