import type { TensorPlan } from '@eigenloom/numeric';

import { shardsOf } from './shards-of.js';

const tensors = (count: number): TensorPlan[] =>
  Array.from({ length: count }, (_, i) => ({ name: `w${i}`, dtype: 'F32', shape: [2] }));

test('12 000 shards are planned, and more than 100 000 refused with the limit, before anything is read', () => {
  expect(shardsOf(tensors(12_000), { maxShardBytes: 8n }).shards).toHaveLength(12_000);
  expect(shardsOf(tensors(100_000), { maxShardBytes: 8n }).shards).toHaveLength(100_000);
  let thrown: unknown;
  try {
    shardsOf(tensors(100_001), { maxShardBytes: 8n });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({
    reason: 'OUT_OF_RANGE',
    message:
      'max_shard_bytes: 8 bytes make 100001 files of a result of 800008 bytes, and 100000 are the most: give larger shards',
  });
});
