import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileOf } from './safetensors-bytes.js';

/** F32 tensors by name: shape and values. */
export type Tensors = Readonly<
  Record<string, readonly [shape: readonly number[], values: readonly number[]]>
>;

async function writeTensors(path: string, tensors: Tensors): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  const data: Buffer[] = [];
  for (const [name, [shape, values]] of Object.entries(tensors)) {
    const bytes = Buffer.from(Float32Array.from(values).buffer);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + bytes.length] };
    offset += bytes.length;
    data.push(bytes);
  }
  await writeFile(path, Buffer.concat([fileOf(JSON.stringify(header)), ...data]));
}

/** A model in a folder; without a config if that is empty. */
export async function writeTinyModel(
  folder: string,
  tensors: Tensors,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeTensors(join(folder, 'model.safetensors'), tensors);
  if (Object.keys(config).length > 0) await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** An adapter of rank 1 and scale 1 on `q`, of these keys as they are. */
export async function writeTinyAdapter(
  folder: string,
  tensors: Tensors,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeTensors(join(folder, 'adapter_model.safetensors'), tensors);
  const all = { peft_type: 'LORA', r: 1, lora_alpha: 1, target_modules: ['q'], ...config };
  await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(all));
  return folder;
}
