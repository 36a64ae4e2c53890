import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Dtype, SafetensorsWriter } from '@eigenloom/numeric';

/** A tensor of one value, two elements long unless it says otherwise. */
export interface Constant {
  readonly value: number;
  readonly shape?: readonly number[];
  readonly dtype?: Dtype;
}

export type TinyTensors = Readonly<Record<string, number | Constant>>;

/** Writes a model whose tensors hold one value each, so that a merge can be computed by hand. */
export async function writeTinyModel(
  folder: string,
  tensors: TinyTensors,
  config: Readonly<Record<string, unknown>> = { model_type: 'tiny' },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const plans = Object.entries(tensors).map(([name, given]) => {
    const { value, shape = [2], dtype = 'F32' } = typeof given === 'number' ? { value: given } : given;
    return { name, shape, dtype, value };
  });
  const path = join(folder, 'model.safetensors');
  const writer = await SafetensorsWriter.create(
    path,
    plans.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    { format: 'pt' },
    // Tests write broken models.
    { allowNonFinite: true },
  );
  for (const { name, shape, value, dtype } of plans) {
    const elements = shape.reduce((product, size) => product * size, 1);
    await writer.write(
      name,
      dtype === 'I64'
        ? new Uint8Array(new BigInt64Array(elements).fill(BigInt(value)).buffer)
        : new Float32Array(elements).fill(value),
    );
  }
  await writer.finish();
  return folder;
}

/** Tensors of a Llama of so many layers; each holds `value` plus ten times its layer. */
export function tinyLlama(value: number, layers: number, more: TinyTensors = {}): TinyTensors {
  const tensors: Record<string, number | Constant> = { 'model.embed_tokens.weight': value };
  for (let layer = 0; layer < layers; layer += 1) {
    tensors[`model.layers.${layer}.self_attn.q_proj.weight`] = value + 10 * layer;
    tensors[`model.layers.${layer}.mlp.down_proj.weight`] = value + 10 * layer;
  }
  return { ...tensors, 'model.norm.weight': value, 'lm_head.weight': value, ...more };
}
