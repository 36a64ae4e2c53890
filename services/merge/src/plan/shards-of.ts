import { type ShardPlan, planShards } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { TensorPlan } from '@eigenloom/numeric';

import { checkPositive } from '../steps/check-number.js';

/** As many as `hashFolder` of packages/checkpoint takes with room for the other files of a model, and an index of 64 MiB. */
const MAX_SHARDS = 100_000;

/** The files of the result, by the request's limit. Errors: `OUT_OF_RANGE` naming the field where they would be too many. */
export function shardsOf(
  tensors: readonly TensorPlan[],
  { maxShardBytes }: Pick<merge.MergeRequest, 'maxShardBytes'>,
): ShardPlan {
  const limit = maxShardBytes === undefined ? undefined : Number(maxShardBytes);
  checkPositive(limit, 'max_shard_bytes');
  const plan = planShards(
    tensors.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    limit,
  );
  const { length } = plan.shards;
  if (length > MAX_SHARDS) {
    const why = `${maxShardBytes ?? ''} bytes make ${length} files of a result of ${plan.totalBytes} bytes, and ${MAX_SHARDS} are the most: give larger shards`;
    throw invalidInput('OUT_OF_RANGE', 'max_shard_bytes', why);
  }
  return plan;
}
