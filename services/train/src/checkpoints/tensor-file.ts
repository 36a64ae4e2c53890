import { rm } from 'node:fs/promises';
import { SafetensorsFile, SafetensorsWriter } from '@eigenloom/numeric';
import type { TensorValues } from '../loop/trainable.js';

/** Writes tensors as f32 in the order of the map, over what is there; the file is durable afterwards. */
export async function writeTensors(path: string, tensors: ReadonlyMap<string, TensorValues>): Promise<void> {
  await rm(path, { force: true });
  const plans = [...tensors].map(([name, { shape }]) => ({ name, shape, dtype: 'F32' as const }));
  const writer = await SafetensorsWriter.create(path, plans, {});
  try {
    for (const [name, { values }] of tensors) await writer.write(name, values);
    await writer.finish();
  } catch (error) {
    writer.discard();
    throw error;
  }
}

export async function readTensors(path: string): Promise<Map<string, TensorValues>> {
  const file = await SafetensorsFile.open(path);
  const tensors = new Map<string, TensorValues>();
  for (const [name, { shape }] of file.tensors)
    tensors.set(name, { shape, values: await file.read(name, 'f32') });
  return tensors;
}
