import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorValues, writeSafetensors } from './safetensors.js';
import { uniform } from './tiny-bert.js';

const HIDDEN = 32;
const RANK = 4;
const MODULES = [0, 1].flatMap((layer) =>
  ['query', 'value'].map((part) => `encoder.layer.${layer}.attention.self.${part}`),
);

/** Writes a fresh LoRA adapter for the model of `writeTinyBert`, as PEFT writes it: A random, B zero. */
export async function writeTinyAdapter(folder: string, seed = 1): Promise<void> {
  await mkdir(folder, { recursive: true });
  const next = uniform(seed);
  const tensors: Record<string, TensorValues> = {};
  for (const module of MODULES) {
    const name = `base_model.model.${module}`;
    tensors[`${name}.lora_A.weight`] = {
      shape: [RANK, HIDDEN],
      values: Float32Array.from({ length: RANK * HIDDEN }, () => (next() - 0.5) / 4),
    };
    tensors[`${name}.lora_B.weight`] = { shape: [HIDDEN, RANK], values: new Float32Array(HIDDEN * RANK) };
  }
  const config = {
    peft_type: 'LORA',
    task_type: null,
    base_model_name_or_path: null,
    r: RANK,
    lora_alpha: 8,
    lora_dropout: 0,
    target_modules: ['query', 'value'],
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    use_rslora: false,
    use_dora: false,
  };
  await writeFile(join(folder, 'adapter_config.json'), `${JSON.stringify(config, undefined, 2)}\n`);
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
}
