import { type ShardPlan, planShards } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import type { TensorPlan } from '@eigenloom/numeric';

/** The files of the result, by the request's limit. */
export function shardsOf(
  tensors: readonly TensorPlan[],
  { maxShardBytes }: Pick<merge.MergeRequest, 'maxShardBytes'>,
): ShardPlan {
  const limit = maxShardBytes === 0n ? undefined : Number(maxShardBytes);
  return planShards(
    tensors.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    limit,
  );
}
