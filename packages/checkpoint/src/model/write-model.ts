import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type CallOptions, type Real, SafetensorsWriter, type TensorPlan } from '@eigenloom/numeric';

import { sortedJson } from '../json-file.js';
import { copyCarriedFile } from './carried-files.js';
import type { Model, TensorInfo } from './model.js';
import { type ModelConfig, withoutCodeKeys } from './model-config.js';
import { type PlannedShard, type ShardPlan, planShards } from './plan-shards.js';
import { INDEX_FILE } from './shard-index.js';
import { withStoredDtype } from './stored-dtype.js';

export interface ModelToWrite {
  /** Config, tokenizer and the other files come from it. */
  readonly like: Model;
  /** Default: those of `like`. */
  readonly tensors?: readonly TensorPlan[];
  /** Values of one tensor: numbers are rounded once, bytes go as they are. Default: what `like` has. */
  readonly read?: (tensor: TensorPlan) => Promise<Real | Uint8Array>;
  /** Instead of the config of `like`. */
  readonly config?: ModelConfig;
  readonly maxShardBytes?: number;
}

/**
 * Writes a model in Hugging Face layout into a folder, one tensor in memory at a time. Returns nothing; the folder is durable once
 * an ArtifactStore has committed it. Errors: `DISK_FULL`, those of reading.
 */
export async function writeModel(
  directory: string,
  model: ModelToWrite,
  options: CallOptions = {},
): Promise<void> {
  const tensors = model.tensors ?? [...model.like.tensors.values()];
  const plan = planShards(tensors, model.maxShardBytes);
  const read =
    model.read ?? ((tensor): Promise<Real | Uint8Array> => readStored(model.like, tensor, options));
  let done = 0;
  for (const shard of plan.shards) {
    await writeShard(directory, shard, read, options, () => {
      done += 1;
      options.onProgress?.(done / Math.max(1, tensors.length));
    });
  }
  await writeModelFiles(directory, model.like, plan, model.config ?? model.like.config);
}

/** Everything but the weights: index, config with the type that they are stored in, and the tokenizer and other files of `like`. */
export async function writeModelFiles(
  directory: string,
  like: Pick<Model, 'directory' | 'carriedFiles'>,
  plan: ShardPlan,
  config: ModelConfig,
): Promise<void> {
  if (plan.shards.length > 1) await writeFile(join(directory, INDEX_FILE), indexOf(plan), { flag: 'wx' });
  if (Object.keys(config).length > 0) {
    const stored = withStoredDtype(
      withoutCodeKeys(config),
      plan.shards.flatMap(({ tensors }) => tensors),
    );
    await writeFile(join(directory, 'config.json'), sortedJson(stored), { flag: 'wx' });
  }
  for (const name of like.carriedFiles) {
    if (name.includes('/'))
      await mkdir(join(directory, name.slice(0, name.lastIndexOf('/'))), { recursive: true });
    await copyCarriedFile(like.directory, name, directory);
  }
}

async function writeShard(
  directory: string,
  shard: PlannedShard,
  read: (tensor: TensorPlan) => Promise<Real | Uint8Array>,
  options: CallOptions,
  onTensor: () => void,
): Promise<void> {
  const { signal } = options;
  const path = join(directory, shard.file);
  const writer = await SafetensorsWriter.create(path, shard.tensors, { format: 'pt' }, { signal });
  try {
    for (const tensor of shard.tensors) {
      await writer.write(tensor.name, await read(tensor), { signal });
      onTensor();
    }
    await writer.finish({ signal });
  } catch (error) {
    writer.discard();
    throw error;
  }
}

async function readStored(like: Model, tensor: TensorPlan, options: CallOptions): Promise<Real | Uint8Array> {
  const { signal } = options;
  const stored: TensorInfo | undefined = like.tensors.get(tensor.name);
  if (stored?.dtype === tensor.dtype) {
    const bytes = await like.readRaw(tensor.name, { signal });
    if (bytes !== undefined) return bytes;
  }
  return like.read(tensor.name, stored?.dtype === 'F64' ? 'f64' : 'f32', { signal });
}

function indexOf({ shards, totalBytes }: ShardPlan): string {
  const map = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file] as const));
  return sortedJson({ metadata: { total_size: totalBytes }, weight_map: Object.fromEntries(map) });
}
