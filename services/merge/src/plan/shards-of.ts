import { type ShardPlan, planShards } from '@eigenloom/checkpoint';
import type { merge } from '@eigenloom/contracts';

import type { PlannedTensor } from './planned.js';

/** The files of the result, by the request's limit. */
export function shardsOf(
  tensors: readonly PlannedTensor[],
  { maxShardBytes }: Pick<merge.MergeRequest, 'maxShardBytes'>,
): ShardPlan {
  const limit = maxShardBytes === 0n ? undefined : Number(maxShardBytes);
  return planShards(
    tensors.map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    limit,
  );
}
