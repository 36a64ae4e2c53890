import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeSafetensors } from '../../e2e/support/safetensors.js';

const TENSORS = 6;
const SHAPE = [64, 48] as const;
/** Two tensors in a shard. */
const SHARD_BYTES = 2 * SHAPE[0] * SHAPE[1] * 4;

/** Numbers between -1 and 1 that depend on the seed alone (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

async function writeModel(folder: string, seed: number): Promise<void> {
  const random = randomNumbers(seed);
  const tensors = Array.from({ length: TENSORS }, (_, index) => {
    const values = Float32Array.from({ length: SHAPE[0] * SHAPE[1] }, random);
    return [`layer.${index}.weight`, { shape: SHAPE, values }] as const;
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), '{"model_type": "chaos"}');
  await writeSafetensors(join(folder, 'model.safetensors'), Object.fromEntries(tensors));
}

/** A base, two models and a recipe whose result has three shards and draws random numbers. */
export async function writeMerge(
  folder: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  for (const [index, name] of ['base', 'one', 'two'].entries()) await writeModel(join(folder, name), index);
  const uri = (name: string): string => `file:${join(folder, name)}`;
  const recipe = {
    request_id: 'merge',
    base: { uri: uri('base') },
    models: ['one', 'two'].map((name) => ({ model: { uri: uri(name) }, density: 0.5 })),
    dare_ties: { lambda: 0.7 },
    seed: '11',
    max_shard_bytes: String(SHARD_BYTES),
    output_uri: uri('out'),
    ...more,
  };
  await writeFile(join(folder, 'recipe.json'), JSON.stringify(recipe));
}
