import { type TensorPlan, sizeOf } from '@eigenloom/numeric';

/** As in `transformers`. */
export const DEFAULT_SHARD_BYTES = 5_000_000_000;

/** One file of a model and the tensors in it. */
export interface PlannedShard {
  readonly file: string;
  readonly tensors: readonly TensorPlan[];
}

export interface ShardPlan {
  readonly shards: readonly PlannedShard[];
  /** Bytes of all tensors. */
  readonly totalBytes: number;
}

export const planBytes = ({ dtype, shape }: TensorPlan): number =>
  shape.reduce((product, size) => product * size, sizeOf(dtype));

/**
 * Divides tensors among files in the order given; a new file begins when the next tensor would exceed the limit, so a tensor larger
 * than it has a file of its own. One file is `model.safetensors`, several are `model-00001-of-0000N.safetensors`.
 */
export function planShards(tensors: readonly TensorPlan[], maxShardBytes = DEFAULT_SHARD_BYTES): ShardPlan {
  const groups: TensorPlan[][] = [];
  let room = 0;
  let totalBytes = 0;
  for (const tensor of tensors) {
    const bytes = planBytes(tensor);
    const group = groups.at(-1);
    if (group === undefined || bytes > room) {
      groups.push([tensor]);
      room = maxShardBytes - bytes;
    } else {
      group.push(tensor);
      room -= bytes;
    }
    totalBytes += bytes;
  }
  if (groups.length === 0) groups.push([]);
  const digits = (value: number): string => String(value).padStart(5, '0');
  const shards = groups.map((group, index) => ({
    file:
      groups.length === 1
        ? 'model.safetensors'
        : `model-${digits(index + 1)}-of-${digits(groups.length)}.safetensors`,
    tensors: group,
  }));
  return { shards, totalBytes };
}
